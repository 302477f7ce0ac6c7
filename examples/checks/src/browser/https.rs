//! A server behind https, as browsers want it that bind sessions to devices: with a certificate for `localhost` that one of
//! them is told to trust.

use std::net::SocketAddr;
use std::sync::Arc;

use data_encoding::BASE64;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use sha2::{Digest, Sha256};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Ends TLS in front of a server. It ends when this is dropped.
pub(super) struct Https {
    address: SocketAddr,
    trusted: String,
    accepting: JoinHandle<()>,
}

impl Https {
    /// Listens in front of the server at `address`.
    pub(super) async fn before(address: &str) -> Self {
        let key = KeyPair::generate().expect("there is randomness");
        let certificate = CertificateParams::new(["localhost".to_owned()]).and_then(|params| params.self_signed(&key));
        let certificate = certificate.expect("a certificate can be made");
        let trusted = BASE64.encode(&Sha256::digest(key.subject_public_key_info()));
        let private = PrivateKeyDer::try_from(key.serialize_der()).expect("it is a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("key and certificate go together");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let listening = listener.local_addr().expect("it is bound");
        let accepting = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), address.to_owned()));
        Self { address: listening, trusted, accepting }
    }

    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Gives the flags by which Chromium trusts it. For a certificate that it was told to overlook in other ways it binds
    /// nothing.
    pub(super) fn flags(&self) -> String {
        format!("--ignore-certificate-errors-spki-list={}", self.trusted)
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, to: String) {
    while let Ok((client, _)) = listener.accept().await {
        let (acceptor, to) = (acceptor.clone(), to.clone());
        tokio::spawn(async move {
            // A browser that opens connections ahead, and does not use them, is no mistake.
            let Ok(mut client) = acceptor.accept(client).await else { return };
            let Ok(mut server) = TcpStream::connect(to).await else { return };
            let _ = copy_bidirectional(&mut client, &mut server).await;
        });
    }
}

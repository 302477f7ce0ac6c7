//! One server that speaks TLS, with a certificate of an authority that is the test's own.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use session_conformance::servers;
use session_redis::redis::{Client, IntoConnectionInfo, ProtocolVersion, TlsCertificates};
use session_redis::session_core::BoxError;
use session_redis::{RedisConfig, RedisStore};
use tempfile::TempDir;

use super::User;
use super::admin::Admin;
use super::topology::Topology;

/// An authority that nobody but the tests knows.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Result<Self, BoxError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "an authority of a test");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let folder = tempfile::tempdir()?;
        // The server may run as another user.
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))?;
        fs::write(folder.path().join("authority"), issuer.pem())?;
        Ok(Self { issuer, folder })
    }

    /// Gives the file of its own certificate.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("authority")
    }

    /// Gives the files of a certificate for `localhost`, and of its key.
    fn signs(&self) -> Result<[String; 2], BoxError> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &self.issuer)?;
        let written = |name: &str, text: String| -> io::Result<String> {
            let file = self.folder.path().join(name);
            fs::write(&file, text)?;
            Ok(file.to_string_lossy().into_owned())
        };
        Ok([written("certificate", certificate.pem())?, written("key", key.serialize_pem())?])
    }
}

/// One server, over TLS.
pub(crate) struct Tls {
    _server: servers::Alone,
    pub(crate) url: String,
    pub(crate) authority: Authority,
}

/// Makes a client that trusts the authority in this file.
pub(crate) fn trusting(url: &str, authority: &Path) -> Result<Client, BoxError> {
    // For a URL the store chooses the cryptography; for a client it is the app's to choose.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let info = url.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(fs::read(authority)?) };
    Ok(Client::build_with_tls(info.set_redis_settings(settings), certificates)?)
}

impl Topology for Tls {
    async fn start() -> Result<Self, BoxError> {
        let authority = Authority::new()?;
        let [certificate, key] = authority.signs()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (port_text, own) = (port.to_string(), authority.file().to_string_lossy().into_owned());
        let arguments = ["--tls-port", &port_text, "--tls-cert-file", &certificate, "--tls-key-file", &key];
        let clients = ["--tls-ca-cert-file", &own, "--tls-auth-clients", "no"];
        let server = servers::Redis::alone(&[arguments.as_slice(), &clients].concat()).await?;
        let (plain, _) = server.url().rsplit_once('@').ok_or("a URL with a password")?;
        let url = format!("{}@localhost:{port}", plain.replace("redis://", "rediss://"));
        Ok(Self { _server: server, url, authority })
    }

    async fn admin(&self) -> Result<Admin, BoxError> {
        Admin::of(&trusting(&self.url, &self.authority.file())?).await
    }

    async fn store(&self, user: &User, config: RedisConfig) -> Result<RedisStore, BoxError> {
        Ok(RedisStore::from_client(trusting(&user.url(&self.url), &self.authority.file())?, config)?)
    }

    fn nobody() -> &'static str {
        "rediss://127.0.0.1:1"
    }
}

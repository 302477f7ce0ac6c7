//! A name that leads to one server at a time, as a failover turns it.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A port that leads to another one.
#[derive(Debug)]
pub(crate) struct Name {
    port: u16,
    leads: Arc<watch::Sender<Leads>>,
}

#[derive(Clone, Copy, Debug)]
struct Leads {
    to: u16,
    /// Goes up whenever those who came before are sent away.
    age: u64,
}

impl Name {
    pub(crate) async fn of(to: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let leads = Arc::new(watch::Sender::new(Leads { to, age: 0 }));
        let told = Arc::clone(&leads);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut told = told.subscribe();
                let Leads { to, age } = *told.borrow();
                tokio::spawn(async move {
                    let passed_on = async {
                        let mut far = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await?;
                        copy_bidirectional(&mut near, &mut far).await
                    };
                    tokio::select! {
                        _ = passed_on => {}
                        _ = told.wait_for(|leads| leads.age != age) => {}
                    }
                });
            }
        });
        Ok(Self { port, leads })
    }

    /// Leads elsewhere; who is connected stays so.
    pub(crate) fn turn(&self, to: u16) {
        self.leads.send_modify(|leads| leads.to = to);
    }

    /// Leads elsewhere, and sends away who is connected.
    pub(crate) fn turn_all(&self, to: u16) {
        self.leads.send_modify(|leads| *leads = Leads { to, age: leads.age + 1 });
    }

    /// Gives the URL of that server with the name in its place.
    pub(crate) fn instead_of(&self, url: &str, port: u16) -> String {
        let replaced = url.replacen(&format!(":{port}/"), &format!(":{}/", self.port), 1);
        assert_ne!(replaced, url, "the URL names the server's port");
        replaced
    }
}

//! Whom a client trusts: the system's authorities, the one that `SSL_CERT_FILE` names, or a client's own.
//!
//! The environment is a process's own, so each case is one: this file's program once more.

#![cfg(feature = "tls")]

mod common;

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use common::tls::{Authority, Tls, trusting};
use common::topology::Topology;
use common::{key, record};
use session_redis::session_core::{BoxError, Put, PutOutcome, SessionStore, StoreError};
use session_redis::{RedisConfig, RedisStore};

/// The URL, and for a client of one's own the file of its authority, that a process is to connect by.
const BY: [&str; 2] = ["TLS_TEST_URL", "TLS_TEST_AUTHORITY"];

/// Connects, and tells what came of it: the errors' words, and whether they ask to try again.
#[tokio::test]
#[ignore = "the process that the tests of this file start"]
async fn child() -> Result<(), BoxError> {
    let [url, authority] = BY.map(|name| env::var(name).ok());
    let url = url.ok_or("it is for the tests of this file")?;
    let store = match authority {
        Some(authority) => RedisStore::from_client(trusting(&url, Path::new(&authority))?, RedisConfig::default())?,
        None => RedisStore::from_url(&url, RedisConfig::default())?,
    };
    let (key, record) = (key(), record(None));
    match store.init().await {
        Ok(()) => {
            assert_eq!(store.put(&key, &record, Put::Create).await?, PutOutcome::Stored);
            assert_eq!(*store.get(&key).await?.ok_or("it was stored")?, record);
            assert!(store.delete(&key).await?);
            println!("it keeps sessions");
        }
        Err(StoreError::Misconfigured { source, .. }) => println!("misconfigured: {source}"),
        Err(other) => println!("{other:?}"),
    }
    Ok(())
}

/// Gives what a process tells that connects by this URL, or by a client of its own that trusts `authority`, where the
/// system trusts what is in the file `system`.
fn told(url: &str, authority: Option<&Path>, system: &Path) -> String {
    let mut command = Command::new(env::current_exe().expect("a test runs from a file"));
    command.args(["--exact", "child", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env_remove("SSL_CERT_DIR").env("SSL_CERT_FILE", system).env(BY[0], url);
    if let Some(authority) = authority {
        command.env(BY[1], authority);
    }
    let output = command.output().expect("it runs again");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    let (before, _) = url.rsplit_once('@').expect("a URL with a password");
    let (_, password) = before.rsplit_once(':').expect("a URL with a password");
    assert!(!text.contains(password), "it tells the password");
    text
}

const KEEPS: &str = "it keeps sessions";

#[tokio::test]
async fn a_url_trusts_the_authority_that_the_environment_names() -> Result<(), BoxError> {
    let server = Tls::start().await?;
    for scheme in ["rediss://", "valkeys://"] {
        let url = server.url.replace("rediss://", scheme);
        let text = told(&url, None, &server.authority.file());
        assert!(text.contains(KEEPS), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_of_another_authority_is_refused_with_what_to_do() -> Result<(), BoxError> {
    let (server, other) = (Tls::start().await?, Authority::new()?);
    let nobody = other.file().with_file_name("nobody");
    fs::write(&nobody, "")?;
    for (authority, system) in [(None, other.file()), (None, nobody), (Some(other.file()), server.authority.file())] {
        let text = told(&server.url, authority.as_deref(), &system);
        assert!(text.contains("misconfigured: ") && text.contains("`SSL_CERT_FILE`"), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_clients_own_authority_is_trusted_where_the_system_has_none() -> Result<(), BoxError> {
    let server = Tls::start().await?;
    let nobody = server.authority.file().with_file_name("nobody");
    fs::write(&nobody, "")?;
    let text = told(&server.url, Some(&server.authority.file()), &nobody);
    assert!(text.contains(KEEPS), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_bundle_that_is_named_and_not_there_is_told() -> Result<(), BoxError> {
    let server = Tls::start().await?;
    let missing = server.authority.file().with_file_name("missing");
    for authority in [None, Some(server.authority.file())] {
        let text = told(&server.url, authority.as_deref(), &missing);
        assert!(text.contains("misconfigured: ") && text.contains("`SSL_CERT_FILE`"), "{text}");
    }
    Ok(())
}

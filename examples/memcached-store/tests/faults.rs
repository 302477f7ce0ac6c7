//! What the store does when memcached, or the way to it, does not do its part.

mod support;

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use memcached_store::session_core::{
    BoxError, Bytes, Owner, Put, PutOutcome, Record, SessionStore, StoreError, Timestamp, Version,
};
use session_conformance::servers::Memcached;
use support::{HOUR, Proxy, Replies, Scripted, config, config_of, key, now, raw, record, store};

type Test = Result<(), BoxError>;

const ONE: NonZeroUsize = NonZeroUsize::MIN;

/// The settings that the store looks at, as memcached tells them.
const SETTINGS: &str = "STAT maxbytes 67108864\r\nSTAT cas_enabled yes\r\nSTAT item_size_max 1048576\r\nEND\r\n";

/// Gives what the three writes answer.
async fn writes(store: &dyn SessionStore) -> [Result<(), StoreError>; 3] {
    let (key, record) = (key(), record("new", HOUR));
    [
        store.put(&key, &record, Put::Create).await.map(drop),
        store.put(&key, &record, Put::Replace(Version::from_u64(1))).await.map(drop),
        store.delete(&key).await.map(drop),
    ]
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() -> Test {
    // Bound, so that nobody else gets the port, and not listening.
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0".parse()?)?;
    let store = store(&config_of(&socket.local_addr()?.to_string()));
    assert!(matches!(store.init().await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(store.get(&key()).await, Err(StoreError::Unavailable { .. })));
    for result in writes(&store).await {
        assert!(matches!(result, Err(StoreError::Unavailable { .. })), "{result:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_a_timeout_to_reads_and_indeterminate_to_writes() -> Test {
    let server = Scripted::start(&[]).await?;
    let store = store(&config_of(&server.address).with_timeout(Duration::from_millis(300)));
    assert!(matches!(store.init().await, Err(StoreError::Timeout { .. })));
    assert!(matches!(store.get(&key()).await, Err(StoreError::Timeout { .. })));
    let [create, replace, delete] = writes(&store).await;
    assert!(matches!(create, Err(StoreError::Indeterminate { .. })), "{create:?}");
    // It begins with a read, and got no further.
    assert!(matches!(replace, Err(StoreError::Timeout { .. })), "{replace:?}");
    assert!(matches!(delete, Err(StoreError::Indeterminate { .. })), "{delete:?}");
    Ok(())
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_indeterminate_and_healed_by_the_same_write() -> Test {
    let server = Memcached::start().await?;
    let direct = config(server.url())?;
    let proxy = Proxy::start(&direct.address).await?;
    let mut by_proxy = direct.clone();
    by_proxy.address.clone_from(&proxy.address);
    let store = store(&by_proxy);
    let (key, first) = (key(), record("first", HOUR));

    proxy.set(Replies::Lost);
    let lost = store.put(&key, &first, Put::Create).await;
    assert!(matches!(lost, Err(StoreError::Indeterminate { .. })), "{lost:?}");
    proxy.set(Replies::Pass);
    assert_eq!(store.put(&key, &first, Put::Create).await?, PutOutcome::Stored);
    assert_eq!(store.get(&key).await?.as_deref(), Some(&first));

    proxy.set(Replies::Lost);
    let lost = store.get(&key).await;
    assert!(matches!(lost, Err(StoreError::Unavailable { .. })), "{lost:?}");
    let lost = store.delete(&key).await;
    assert!(matches!(lost, Err(StoreError::Indeterminate { .. })), "{lost:?}");
    proxy.set(Replies::Pass);
    assert!(!store.delete(&key).await?, "it was deleted the first time");
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_given_up_leaves_no_answer_for_the_next() -> Test {
    let server = Memcached::start().await?;
    let direct = config(server.url())?.with_connections(ONE);
    let proxy = Proxy::start(&direct.address).await?;
    let mut by_proxy = direct.clone();
    by_proxy.address.clone_from(&proxy.address);
    let store = Arc::new(store(&by_proxy));
    let (one, two) = ((key(), record("one", HOUR)), (key(), record("two", HOUR)));
    for (key, record) in [&one, &two] {
        assert_eq!(store.put(key, record, Put::Create).await?, PutOutcome::Stored);
    }
    assert_eq!(proxy.connections(), 1, "one connection is enough for requests that end");

    let get = |key| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.get(&key).await })
    };
    // Given up when the answer has left memcached, and has not arrived.
    proxy.set(Replies::Held);
    let before = proxy.so_far();
    let given_up = get(one.0);
    proxy.answered_after(before).await;
    given_up.abort();
    assert!(given_up.await.is_err_and(|error| error.is_cancelled()));

    // The answer arrives when the next request has been sent, and waits for its own.
    let before = proxy.so_far();
    let next = get(two.0);
    proxy.asked_after(before).await;
    proxy.set(Replies::Pass);
    assert_eq!(next.await??.as_deref(), Some(&two.1));
    assert_eq!(store.get(&one.0).await?.as_deref(), Some(&one.1));
    assert_eq!(proxy.connections(), 2, "the one with an answer under way was closed");
    Ok(())
}

#[tokio::test]
async fn requests_given_up_at_any_moment_never_mix_answers() -> Test {
    let server = Memcached::start().await?;
    let store = Arc::new(store(&config(server.url())?.with_connections(ONE)));
    let (one, two) = ((key(), record("one", HOUR)), (key(), record("two", HOUR)));
    for (key, record) in [&one, &two] {
        assert_eq!(store.put(key, record, Put::Create).await?, PutOutcome::Stored);
    }
    for round in 0..300 {
        let (asking, asked) = (Arc::clone(&store), one.0);
        let given_up = tokio::spawn(async move { asking.get(&asked).await.map(drop) });
        for _ in 0..round % 12 {
            tokio::task::yield_now().await;
        }
        given_up.abort();
        assert_eq!(store.get(&two.0).await?.as_deref(), Some(&two.1), "round {round}");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_without_memory_is_full() -> Test {
    let server = Scripted::start(&[("ms", "SERVER_ERROR out of memory storing object\r\n")]).await?;
    let store = store(&config_of(&server.address));
    let full = store.put(&key(), &record("new", HOUR), Put::Create).await;
    assert!(matches!(full, Err(StoreError::Full { .. })), "{full:?}");
    Ok(())
}

#[tokio::test]
async fn what_no_memcached_says_is_an_error_that_does_not_quote_it() -> Test {
    const SAID: &str = "SERVER_ERROR no route for the-key-that-nobody-may-see\r\n";
    let server = Scripted::start(&[("mg", "the-key-that-nobody-may-see\r\n"), ("md", SAID)]).await?;
    let store = store(&config_of(&server.address));
    for error in [store.get(&key()).await.map(drop).unwrap_err(), store.delete(&key()).await.map(drop).unwrap_err()] {
        assert!(matches!(error, StoreError::Backend { .. }), "{error:?}");
        assert!(!format!("{error:?} {error} {:?}", error.source()).contains("nobody-may-see"), "{error:?}");
    }
    Ok(())
}

#[tokio::test]
async fn init_takes_a_server_that_can_keep_sessions() -> Test {
    let server = Scripted::start(&[("stats settings", SETTINGS), ("mn", "MN\r\n")]).await?;
    Ok(store(&config_of(&server.address)).init().await?)
}

#[tokio::test]
async fn init_refuses_a_server_that_cannot_keep_sessions_and_says_what_to_mend() -> Test {
    type Script = &'static [(&'static str, &'static str)];
    let scripts: [(Script, &str); 4] = [
        (&[("stats settings", "STAT cas_enabled no\r\nEND\r\n")], "without -C"),
        (&[("stats settings", "STAT cas_enabled yes\r\nSTAT item_size_max 524288\r\nEND\r\n")], "-I 1048576"),
        (&[("stats settings", "ERROR\r\n")], "not to a proxy"),
        (&[("stats settings", SETTINGS), ("mn", "ERROR\r\n")], "older than 1.6"),
    ];
    for (script, mend) in scripts {
        let server = Scripted::start(script).await?;
        let error = store(&config_of(&server.address)).init().await.expect_err(mend);
        assert!(matches!(error, StoreError::Misconfigured { .. }), "{error:?}");
        let cause = error.source().ok_or("a cause")?.to_string();
        assert!(cause.contains(mend), "{cause}");
    }
    Ok(())
}

#[tokio::test]
async fn the_largest_record_fits_under_the_longest_key() -> Test {
    let server = Memcached::start().await?;
    let config = config(server.url())?;
    let prefix = format!("{:x<200}", config.prefix);
    let config = config.with_prefix(prefix);
    let store = store(&config);
    let largest = Record {
        payload: Bytes::from(vec![7; config.max_payload]),
        owner: Some(Owner::new("o".repeat(Owner::MAX_LEN))?),
        ..record("", HOUR)
    };
    let key = key();
    assert_eq!(store.put(&key, &largest, Put::Create).await?, PutOutcome::Stored);
    assert_eq!(store.get(&key).await?.as_deref(), Some(&largest));
    assert!(store.delete(&key).await?);
    Ok(())
}

#[tokio::test]
async fn memcached_keeps_a_record_for_an_hour_past_its_deadline() -> Test {
    let server = Memcached::start().await?;
    let config = config(server.url())?;
    let store = store(&config);
    let key = key();
    let command = format!("mg {}{} t\r\n", config.prefix, key.encode());
    let left = async || raw(&config.address, command.as_bytes()).await;
    let about = |line: &str, hours: i64| {
        let seconds: i64 = line.strip_prefix("HD t").and_then(|left| left.parse().ok()).expect(line);
        assert!((seconds - hours * 3_600).abs() < 60, "{line}, and not {hours} hours");
    };

    // Near, and further than memcached counts from now.
    let near = record("near", HOUR);
    assert_eq!(store.put(&key, &near, Put::Create).await?, PutOutcome::Stored);
    about(&left().await?, 2);
    assert!(store.touch(&key, near.version, near.last_seen_at, now() + 40 * 24 * HOUR).await?);
    about(&left().await?, 40 * 24 + 1);
    // Later than it can count at all: kept until evicted.
    let far = Record { expires_at: Timestamp::MAX, ..record("far", HOUR) };
    assert_eq!(store.put(&key, &far, Put::Replace(near.version)).await?, PutOutcome::Stored);
    assert_eq!(left().await?, "HD t-1");
    // Earlier again.
    let earlier = record("earlier", 3 * HOUR);
    assert_eq!(store.put(&key, &earlier, Put::Replace(far.version)).await?, PutOutcome::Stored);
    about(&left().await?, 4);
    Ok(())
}

//! Long records go ahead of their script.

mod common;

use common::admin::Admin;
use common::{command, key, record};
use session_conformance::servers::Redis;
use session_redis::redis::{Client, Value};
use session_redis::session_core::{BoxError, Bytes, Owner, Put, PutOutcome, Record, SessionStore, Version};
use session_redis::{RedisConfig, RedisStore};

/// As short as one that goes ahead can be, and as long as any.
const LENGTHS: [usize; 3] = [4 * 1_024, 64_000, 1 << 20];

fn long(length: usize, owner: Option<&Owner>) -> Record {
    Record { payload: Bytes::from(vec![b'x'; length]), ..record(owner) }
}

#[tokio::test]
async fn a_long_record_is_written_as_any_other_and_nothing_else_stays() -> Result<(), BoxError> {
    let server = Redis::alone(&[]).await?;
    let store = RedisStore::from_url(server.url(), RedisConfig::default())?;
    let admin = Admin::of(&Client::open(server.url())?).await?;
    let (ann, bob) = (Owner::new("ann")?, Owner::new("bob")?);
    let other = Put::Replace(Version::from_u64(1));
    for length in LENGTHS {
        for (before, after) in [(None, None), (Some(&ann), Some(&ann)), (Some(&ann), Some(&bob)), (Some(&ann), None)] {
            admin.run::<Value>(&command("FLUSHDB")).await?;
            admin.run::<Value>(&command("SCRIPT FLUSH")).await?;
            let (key, first, second) = (key(), long(length, before), long(length, after));
            assert_eq!(store.put(&key, &first, other).await?, PutOutcome::Gone);
            assert_eq!(store.put(&key, &first, Put::Create).await?, PutOutcome::Stored);
            assert_eq!(store.put(&key, &second, Put::Create).await?, PutOutcome::Exists);
            let conflict = store.put(&key, &second, other).await?;
            assert!(matches!(conflict, PutOutcome::Conflict(winner) if *winner == first));
            for _ in 0..2 {
                assert_eq!(store.put(&key, &second, Put::Replace(first.version)).await?, PutOutcome::Stored);
            }
            assert_eq!(store.get(&key).await?.as_deref(), Some(&second));
            for owner in [&ann, &bob] {
                let page = store.owners().ok_or("it has them")?.list(owner, None, 10.try_into()?).await?;
                assert_eq!(page.records.len(), usize::from(after == Some(owner)), "{owner:?}");
            }
            let lives: i64 = admin.run(&command(&format!("PTTL session:s:{}", key.encode()))).await?;
            assert!((2 * 3_600_000..=3 * 3_600_000).contains(&lives), "{lives}");
            let staged: Vec<String> = admin.run(&command("KEYS session:t:*")).await?;
            assert!(staged.is_empty(), "{staged:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_long_writes_at_once_one_wins_and_the_others_see_all_of_it() -> Result<(), BoxError> {
    let server = Redis::alone(&[]).await?;
    let store = RedisStore::from_url(server.url(), RedisConfig::default())?;
    let (key, mut stands) = (key(), long(64_000, None));
    assert_eq!(store.put(&key, &stands, Put::Create).await?, PutOutcome::Stored);
    for _ in 0..20 {
        let writes: Vec<_> = (0..8_u8)
            .map(|byte| {
                let (store, next) = (store.clone(), Record { payload: vec![byte; 64_000].into(), ..record(None) });
                tokio::spawn(async move { (store.put(&key, &next, Put::Replace(stands.version)).await, next) })
            })
            .collect();
        let (mut stored, mut refused) = (Vec::new(), Vec::new());
        for write in writes {
            match write.await? {
                (Ok(PutOutcome::Stored), next) => stored.push(next),
                (Ok(PutOutcome::Conflict(winner)), _) => refused.push(winner),
                (other, _) => return Err(format!("{other:?}").into()),
            }
        }
        assert_eq!((stored.len(), refused.len()), (1, 7));
        stands = stored.remove(0);
        assert!(refused.iter().all(|winner| **winner == stands));
    }
    Ok(())
}

//! The kept samples of tables are planted as they are and read through the store; see `docs/formats.md`.

mod sample;
#[path = "../support/mod.rs"]
mod support;

use std::num::NonZeroUsize;

use sample::{keep, kept};
use session_sql::session_core::{
    BoxError, Bytes, Owner, Put, PutOutcome, Record, SessionKey, SessionStore, StoreError, Timestamp, Version,
};
use session_sql::{SqlConfig, SqlStore};
use support::bed::{Bed, create, on_each};

const OWNED: SessionKey = SessionKey::from_bytes([3; 32]);
const NOBODYS: SessionKey = SessionKey::from_bytes([4; 32]);

/// A database that samples are kept of.
trait Sampled: Bed {
    const NAME: &'static str;

    /// Makes a sample's statements those of the place that the test has to itself.
    fn in_place(&self, sql: String) -> String {
        sql
    }
}

#[cfg(feature = "sqlite")]
impl Sampled for support::sqlite::SqliteFile {
    const NAME: &'static str = "sqlite/1.sql";
}

#[cfg(feature = "postgres")]
impl Sampled for support::postgres::PostgresHarness {
    const NAME: &'static str = "postgres/1.sql";

    fn in_place(&self, sql: String) -> String {
        format!("SET search_path TO {}; {sql} RESET search_path", self.schema)
    }
}

#[cfg(feature = "mysql")]
impl Sampled for support::mysql::MySqlHarness {
    const NAME: &'static str = "mysql/1.sql";
}

on_each!(
    a_table_of_the_first_schema_is_read_listed_swept_and_written,
    a_row_that_was_damaged_gives_the_answer_of_its_column,
);

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn owner() -> Owner {
    Owner::new("ann@example.org é").unwrap()
}

/// The session of somebody's as it was created. It was touched since, so that its deadline is past its `sweep_at`.
fn owned() -> Record {
    Record {
        version: Version::from_u64(0x0102_0304_0506_0708),
        payload: Bytes::from_static(b"\x01\0{}\0\xff'\\"),
        owner: Some(owner()),
        created_at: at(1_763_834_400_123),
        last_seen_at: at(1_763_834_400_124),
        expires_at: at(1_763_834_400_125),
    }
}

fn touched() -> Record {
    Record { last_seen_at: at(1_763_834_400_124), expires_at: at(1_763_834_400_999), ..owned() }
}

fn nobodys() -> Record {
    Record {
        version: Version::from_u64(u64::MAX),
        payload: Bytes::new(),
        owner: None,
        created_at: Timestamp::MIN,
        last_seen_at: at(1),
        expires_at: Timestamp::MAX,
    }
}

/// Gives the table and its rows as the store writes them.
async fn sample<B: Sampled>(bed: &B) -> Result<String, BoxError> {
    if let Some(bytes) = kept(B::NAME) {
        return Ok(String::from_utf8(bytes)?);
    }
    let store = bed.sql();
    store.init().await?;
    create(store, OWNED, &owned()).await;
    create(store, NOBODYS, &nobodys()).await;
    assert!(store.touch(&OWNED, owned().version, touched().last_seen_at, touched().expires_at).await?);
    let mut sql = SqlStore::<B::Db>::schema(&SqlConfig::default())?;
    for (key, record, sweep_at) in [(OWNED, touched(), owned().expires_at), (NOBODYS, nobodys(), Timestamp::MAX)] {
        let owner = record.owner.as_ref().map(|owner| B::literal(owner.as_str().as_bytes()));
        let columns = [
            ("session_key", B::literal(key.as_bytes())),
            ("version", record.version.as_u64().cast_signed().to_string()),
            ("payload", B::literal(&record.payload)),
            ("owner", owner.clone().unwrap_or("NULL".to_owned())),
            ("created_at", record.created_at.as_millis().to_string()),
            ("last_seen_at", record.last_seen_at.as_millis().to_string()),
            ("expires_at", record.expires_at.as_millis().to_string()),
            ("sweep_at", sweep_at.as_millis().to_string()),
        ];
        // It is what the store wrote, and not what is meant here.
        let equal = columns.iter().map(|(name, value)| match value.as_str() {
            "NULL" => format!("{name} IS NULL"),
            value => format!("{name} = {value}"),
        });
        let rows =
            format!("SELECT count(*) FROM {} WHERE {}", bed.table("sessions"), equal.collect::<Vec<_>>().join(" AND "));
        assert_eq!(bed.number(rows).await?, 1, "{columns:?}");
        let (names, values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        sql += &format!("INSERT INTO sessions ({}) VALUES ({});\n", names.join(", "), values.join(", "));
    }
    bed.run(format!("DROP TABLE {}", bed.table("sessions"))).await?;
    Ok(String::from_utf8(keep(B::NAME, sql.into()))?)
}

async fn plant<B: Sampled>(bed: &B) -> Result<(), BoxError> {
    let sql = sample(bed).await?;
    bed.run(bed.in_place(sql)).await
}

async fn a_table_of_the_first_schema_is_read_listed_swept_and_written<B: Sampled>(bed: &B) -> Result<(), BoxError> {
    plant(bed).await?;
    let store = bed.sql();
    // It takes the table for its own.
    store.init().await?;
    assert_eq!(store.get(&OWNED).await?.as_deref(), Some(&touched()));
    assert_eq!(store.get(&NOBODYS).await?.as_deref(), Some(&nobodys()));
    let limit = NonZeroUsize::new(10).unwrap();
    let listed = store.owners().unwrap().list(&owner(), None, limit).await?.records;
    assert_eq!(listed, [(OWNED, touched().into())]);
    // Due by `sweep_at`, and not by its deadline.
    let sweep = store.sweep().unwrap();
    assert_eq!(sweep.delete_expired(at(1_763_834_400_998), limit).await?, 0);
    assert_eq!(store.get(&OWNED).await?.as_deref(), Some(&touched()));

    let next = Record { version: Version::from_u64(1 << 63), owner: None, ..touched() };
    let outcome = store.put(&OWNED, &next, Put::Replace(touched().version)).await?;
    assert_eq!(outcome, PutOutcome::Stored);
    assert_eq!(store.get(&OWNED).await?.as_deref(), Some(&next));
    assert!(store.owners().unwrap().list(&owner(), None, limit).await?.records.is_empty());
    assert_eq!(sweep.delete_expired(at(1_763_834_400_999), limit).await?, 1);
    assert_eq!(store.get(&OWNED).await?, None);
    assert!(store.delete(&NOBODYS).await?);
    Ok(())
}

/// What a verb answers where a column was damaged.
#[derive(Debug, PartialEq)]
enum Answer {
    /// `get` is an error, and the row can still be deleted.
    Corrupt,
    /// `get` gives what stands there: to the store it is as good as any other.
    Read,
    /// The database does not take it.
    Refused,
}

async fn a_row_that_was_damaged_gives_the_answer_of_its_column<B: Sampled>(bed: &B) -> Result<(), BoxError> {
    let damages = [
        ("session_key", B::literal(&[3; 33]), Answer::Refused),
        ("session_key", "NULL".to_owned(), Answer::Refused),
        ("version", "NULL".to_owned(), Answer::Refused),
        ("version", "0".to_owned(), Answer::Read),
        ("payload", "NULL".to_owned(), Answer::Refused),
        ("payload", B::literal(&[0xff; 3]), Answer::Read),
        ("owner", B::literal(&[]), Answer::Corrupt),
        ("owner", B::literal(&[0xff]), Answer::Corrupt),
        ("created_at", "-1".to_owned(), Answer::Corrupt),
        ("created_at", "NULL".to_owned(), Answer::Refused),
        ("last_seen_at", "-1".to_owned(), Answer::Corrupt),
        ("last_seen_at", "NULL".to_owned(), Answer::Refused),
        ("expires_at", "253402300800000".to_owned(), Answer::Corrupt),
        ("expires_at", "NULL".to_owned(), Answer::Refused),
        ("sweep_at", "-1".to_owned(), Answer::Read),
        ("sweep_at", "NULL".to_owned(), Answer::Refused),
    ];
    let store = bed.sql();
    for (column, damage, answer) in damages {
        plant(bed).await?;
        let key = B::literal(OWNED.as_bytes());
        let update = format!("UPDATE {} SET {column} = {damage} WHERE session_key = {key}", bed.table("sessions"));
        let found = match bed.run(update).await {
            Err(_) => Answer::Refused,
            Ok(()) => match store.get(&OWNED).await {
                Ok(Some(_)) => Answer::Read,
                Err(StoreError::Corrupt { .. }) => Answer::Corrupt,
                other => panic!("{column} = {damage}: {other:?}"),
            },
        };
        assert_eq!(found, answer, "{column} = {damage}");
        assert!(store.delete(&OWNED).await?, "{column} = {damage}");
        assert_eq!(store.get(&NOBODYS).await?.as_deref(), Some(&nobodys()), "its neighbour stays");
        bed.run(format!("DROP TABLE {}", bed.table("sessions"))).await?;
    }
    Ok(())
}

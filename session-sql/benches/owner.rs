//! Shows what an owner with very many sessions costs: the memory of a list, and the login that meets a limit.
//!
//! ```text
//! cargo bench -p session-sql --bench owner -- [--quick]
//! ```
//!
//! One owner has 30,000 sessions of 60 KB on SQLite (3,000 with `--quick`). Prints what was measured, and at the end lines
//! of `ratio NAME VALUE`:
//!
//! | ratio | |
//! |---|---|
//! | `list_peak` | how much the process grew while the owner's sessions were listed, over the size of one [`Page`]'s payloads |
//! | `list_kept` | how much it held of it after that, over what the payloads are together |
//! | `login_at_limit` | the first login of that owner under a limit of ten, over the login of an owner with none |

use std::fs;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use session_core::{
    BoxError, Bytes, Clock, Closed, Handled, Owner, OwnerLimitAction, Page, Put, PutOutcome, Record, RequestHead,
    SessionId, SessionStore, Sessions, SystemClock, Version,
};
use session_sql::SqliteStore;

/// How many bytes each session has.
const BYTES: usize = 60 * 1024;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let number = if std::env::args().any(|argument| argument == "--quick") { 3_000 } else { 30_000 };
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::from_url(&format!("sqlite://{}?mode=rwc", folder.path().join("sessions.db").display()))?;
    store.init().await?;
    let ann = Owner::new("ann")?;
    fill(&store, &ann, number).await?;
    let builder = || Sessions::builder(store.clone());

    let sessions = builder().build()?;
    // Once for what the database itself keeps in memory.
    sessions.list(&ann).await?;
    fs::write("/proc/self/clear_refs", "5")?;
    let before = memory("VmRSS")?;
    let listed = sessions.list(&ann).await?;
    let (peak, kept) = (memory("VmHWM")?.saturating_sub(before), memory("VmRSS")?.saturating_sub(before));
    println!("{number} sessions of {BYTES} bytes; {} listed, {peak} bytes at most, {kept} after", listed.len());

    let ten = NonZeroUsize::new(10).expect("not zero");
    let limited = builder().max_sessions_per_owner(ten, OwnerLimitAction::EvictOldest).build()?;
    let mut alone = Vec::new();
    for visitor in 0..20 {
        alone.push(log_in(&limited, &Owner::new(format!("visitor {visitor}"))?).await?);
    }
    alone.sort_unstable();
    let at_limit = log_in(&limited, &ann).await?;
    println!("login of an owner with none {:?}, of one with {number} at the limit {at_limit:?}", alone[10]);

    println!("ratio list_peak {:.2}", peak as f64 / Page::BYTES as f64);
    println!("ratio list_kept {:.4}", kept as f64 / (number * BYTES) as f64);
    println!("ratio login_at_limit {:.2}", at_limit.as_secs_f64() / alone[10].as_secs_f64());
    Ok(())
}

/// Stores sessions of an owner's.
async fn fill(store: &SqliteStore, owner: &Owner, number: usize) -> Result<(), BoxError> {
    let value = format!("\"{}\"", "x".repeat(BYTES));
    let payload = session_core::Payload::from_parts([("cart", value.as_str())], "")?;
    let now = SystemClock.now();
    for at in 0..number {
        let key = SessionId::random()?.key();
        let created_at = now - Duration::from_secs(3_600) + Duration::from_millis(at as u64);
        let head = session_core::RecordHead::new(&key, created_at, now);
        let payload: Bytes = session_core::Codec::encode(&session_core::Json, &head, &payload)?;
        let (version, expires_at) = (Version::random()?, now + Duration::from_secs(24 * 3_600));
        let record =
            Record { version, payload, owner: Some(owner.clone()), created_at, last_seen_at: created_at, expires_at };
        let stored = store.put(&key, &record, Put::Create).await?;
        assert_eq!(stored, PutOutcome::Stored);
    }
    Ok(())
}

/// Has somebody without a session log in, and tells how long that took.
async fn log_in(sessions: &Sessions, owner: &Owner) -> Result<Duration, BoxError> {
    let began = Instant::now();
    let lazy = sessions.open(RequestHead::new("POST"));
    lazy.load().await?.log_in(owner.clone())?;
    let Closed { outcome, .. } = sessions.close(&lazy, Handled::Completed).await;
    outcome?;
    Ok(began.elapsed())
}

/// Reads a line of what Linux tells of this process, in bytes.
fn memory(line: &str) -> Result<usize, BoxError> {
    let status = fs::read_to_string("/proc/self/status")?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':')?.split_whitespace().next());
    Ok(found.ok_or("Linux alone tells it")?.parse::<usize>()? * 1024)
}

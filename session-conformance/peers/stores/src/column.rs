//! The stores that are compared: who they are, what they do without, and how a clause is run on them.

use std::time::Duration;

use anyhow::{Context as _, Result};
use session_conformance::{Capability, Clause, Harness, Outcome, run};

use crate::behind::{Harnessed, Peer};
use crate::notes::{NO_VERSION, Note, ONE_CALL};
use crate::ours;
use crate::peers::{actix_session, async_session, axum_session, tower_sessions};

/// How long one clause may take: less than the suite's own, for there are many, and some hang.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A capability that a store has not got, and why.
type Without = &'static [(Capability, &'static str)];

#[derive(Debug)]
pub(crate) struct Column {
    /// How it is called on the command line.
    pub(crate) name: &'static str,
    package: &'static str,
    backend: &'static str,
    without: Without,
    /// What of its failures is no fault of its own.
    notes: &'static [Note],
    run: fn(Clause, &[Capability]) -> Outcome,
}

/// All of them, ours first.
pub(crate) const COLUMNS: &[Column] = &[
    ours::<ours::Ets>("ours-ets", "session-ets", "memory", &[]),
    ours::<ours::Sqlite>("ours-sqlite", "session-sql", "SQLite", &[(Capability::WAT, "SQLite tells nobody")]),
    ours::<ours::OnPostgres>("ours-postgres", "session-sql", "PostgreSQL", &[]),
    ours::<ours::OnRedis>("ours-redis", "session-redis", "Redis", &[(Capability::SWP, "Redis reclaims by itself")]),
    peer::<tower_sessions::Memory>("tower-memory", "tower-sessions-memory-store", "memory", &[NO_VERSION]),
    peer::<tower_sessions::Moka>("tower-moka", "tower-sessions-moka-store", "memory", &[NO_VERSION]),
    peer::<tower_sessions::Sqlite>("tower-sqlite", "tower-sessions-sqlx-store", "SQLite", &[NO_VERSION]),
    peer::<tower_sessions::OnPostgres>("tower-postgres", "tower-sessions-sqlx-store", "PostgreSQL", &[NO_VERSION]),
    peer::<tower_sessions::OnRedis>("tower-redis", "tower-sessions-redis-store", "Redis", &[NO_VERSION]),
    peer::<axum_session::Sqlite>("axum-sqlite", "axum_session_sqlx", "SQLite", &[NO_VERSION, ONE_CALL]),
    peer::<axum_session::OnPostgres>("axum-postgres", "axum_session_sqlx", "PostgreSQL", &[NO_VERSION, ONE_CALL]),
    peer::<axum_session::OnRedis>("axum-redis", "axum_session_redispool", "Redis", &[NO_VERSION, ONE_CALL]),
    peer::<actix_session::OnRedis>("actix-redis", "actix-session", "Redis", &[NO_VERSION]),
    peer::<async_session::Memory>("async-memory", "async-session", "memory", &[NO_VERSION, ONE_CALL]),
];

const fn ours<H: Harness>(
    name: &'static str,
    package: &'static str,
    backend: &'static str,
    without: Without,
) -> Column {
    Column { name, package, backend, without, notes: &[], run: run::<H> }
}

const fn peer<P: Peer>(
    name: &'static str,
    package: &'static str,
    backend: &'static str,
    notes: &'static [Note],
) -> Column {
    const WITHOUT: Without = &[
        (Capability::SWP, "it cannot be told what time it is, or how many to take"),
        (Capability::OWN, "it knows of no owners"),
        (Capability::SCN, "it does not give its sessions one after the other"),
        (Capability::WAT, "it tells nobody"),
    ];
    Column { name, package, backend, without: WITHOUT, notes, run: run::<Harnessed<P>> }
}

impl Column {
    /// Names the store, with its version as the lock file has it.
    pub(crate) fn title(&self) -> Result<String> {
        let lock = include_str!("../../Cargo.lock");
        let named = format!("name = \"{}\"\nversion = \"", self.package);
        let (_, rest) = lock.split_once(&named).with_context(|| format!("{} is in the lock file", self.package))?;
        let version = rest.split('"').next().unwrap_or_default();
        Ok(format!("{} {version} ({})", self.package, self.backend))
    }

    /// Gives why the store does without the capability that the clause is about; `None` if it has it, or needs none.
    pub(crate) fn left_out(&self, clause: Clause) -> Option<&'static str> {
        let needed = clause.group().capability()?;
        self.without.iter().find(|(capability, _)| *capability == needed).map(|(_, why)| *why)
    }

    pub(crate) fn run(&self, clause: Clause) -> Outcome {
        let without: Vec<_> = self.without.iter().map(|(capability, _)| *capability).collect();
        (self.run)(clause, &without)
    }

    /// Gives why no wrapper could make this store keep the clause; `None` if a failure of it is the store's own.
    pub(crate) fn note(&self, clause: Clause) -> Option<&'static str> {
        self.notes.iter().find(|note| note.clauses.contains(&clause)).map(|note| note.why)
    }
}

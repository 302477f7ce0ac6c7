//! How the store is set up, by variables that the app shares with whatever else opens its store.

use std::ffi::OsString;

use session_core::Eviction;
use session_redis::RedisConfig;
use session_sql::{Durability, Ends, Logging, Preparing, SqlConfig};

use crate::variables::{Variables, refuse};

/// The variables, and whether SQL stores have what they set, and Redis.
const VARIABLES: [(&str, bool, bool); 14] = [
    ("SESSION_TABLE", true, false),
    ("SESSION_SCHEMA", true, false),
    ("SESSION_LOGGING", true, false),
    ("SESSION_DURABILITY", true, false),
    ("SESSION_PREPARING", true, false),
    ("SESSION_ENDS", true, false),
    ("SESSION_LISTEN_URL", true, false),
    ("SESSION_PREFIX", false, true),
    ("SESSION_EVICTION", false, true),
    ("SESSION_RESPONSE_TIMEOUT_MS", false, true),
    ("SESSION_READ_RETRIES", false, true),
    ("SESSION_MAX_PAYLOAD", true, true),
    ("SESSION_CONNECTIONS", true, true),
    ("SESSION_CONNECT_TIMEOUT_MS", true, true),
];

/// Holds all that a store can be told beside its URL. The default is the stores' own.
#[derive(Clone, Debug, Default)]
pub struct StoreSettings {
    pub(crate) sql: SqlConfig,
    pub(crate) redis: RedisConfig,
    /// Which variables are set.
    given: Vec<&'static str>,
}

impl StoreSettings {
    /// The names of all variables.
    #[must_use]
    pub fn variables() -> [&'static str; VARIABLES.len()] {
        VARIABLES.map(|(name, ..)| name)
    }

    /// Reads them by what `variable` gives.
    ///
    /// # Errors
    /// What is allowed, under the name of the variable.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, String> {
        let variables = Variables(&variable);
        let (mut sql, mut redis) = (SqlConfig::default(), RedisConfig::default());
        let named = |name: &str, error: &dyn std::error::Error| format!("{name}: {error}");
        if let Some(table) = variables.text("SESSION_TABLE") {
            sql = sql.with_table(&table).map_err(|error| named("SESSION_TABLE", &error))?;
        }
        if let Some(schema) = variables.text("SESSION_SCHEMA") {
            sql = sql.with_schema(&schema).map_err(|error| named("SESSION_SCHEMA", &error))?;
        }
        if let Some(url) = variables.text("SESSION_LISTEN_URL") {
            sql = sql.with_listen_url(url);
        }
        if let Some(prefix) = variables.text("SESSION_PREFIX") {
            redis = redis.with_prefix(prefix);
        }
        sql = sql
            .with_logging(of(
                &variables,
                "SESSION_LOGGING",
                [("logged", Logging::Logged), ("unlogged", Logging::Unlogged)],
            )?)
            .with_durability(of(
                &variables,
                "SESSION_DURABILITY",
                [("power", Durability::Power), ("process", Durability::Process)],
            )?)
            .with_preparing(of(
                &variables,
                "SESSION_PREPARING",
                [("once", Preparing::Once), ("never", Preparing::Never)],
            )?)
            .with_ends(of(&variables, "SESSION_ENDS", [("told", Ends::Told), ("silent", Ends::Silent)])?);
        let evictions = [("never", Eviction::Never), ("under-pressure", Eviction::UnderPressure)];
        redis = redis.with_eviction(of(&variables, "SESSION_EVICTION", evictions)?);
        if let Some(bytes) = variables.number("SESSION_MAX_PAYLOAD")? {
            (sql, redis) = (sql.with_max_payload(bytes.get()), redis.with_max_payload(bytes.get()));
        }
        if let Some(connections) = variables.number("SESSION_CONNECTIONS")? {
            let few = u32::try_from(connections.get());
            let few = few.map_err(|_| refuse("SESSION_CONNECTIONS", &connections.to_string(), "fewer than that"))?;
            (sql, redis) = (sql.with_max_connections(few), redis.with_connections(connections.get()));
        }
        if let Some(limit) = variables.millis("SESSION_CONNECT_TIMEOUT_MS")? {
            (sql, redis) = (sql.with_acquire_timeout(limit), redis.with_connect_timeout(limit));
        }
        if let Some(limit) = variables.millis("SESSION_RESPONSE_TIMEOUT_MS")? {
            redis = redis.with_response_timeout(limit);
        }
        if let Some(times) = variables.text("SESSION_READ_RETRIES") {
            let said = || refuse("SESSION_READ_RETRIES", &times, "a number from 0 on");
            redis = redis.with_read_retries(times.parse().map_err(|_| said())?);
        }
        let given = VARIABLES.iter().map(|(name, ..)| *name).filter(|name| variable(name).is_some()).collect();
        Ok(Self { sql, redis, given })
    }

    /// Says where in the server sessions are, if that is not where they are unless told: a table, a prefix.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        let given = |name| self.given.contains(&name);
        let table = || match &self.sql.schema {
            Some(schema) => format!("table {schema}.{}", self.sql.table),
            None => format!("table {}", self.sql.table),
        };
        if given("SESSION_PREFIX") {
            return Some(format!("prefix {}", self.redis.prefix));
        }
        (given("SESSION_TABLE") || given("SESSION_SCHEMA")).then(table)
    }

    /// Refuses what a kind of store has no such thing for: it would be looked for elsewhere than is meant.
    pub(crate) fn check(&self, store: &str, is_sql: bool, is_redis: bool) -> Result<(), String> {
        let lacks = |(_, sql, redis): &&(&str, bool, bool)| !(*sql && is_sql || *redis && is_redis);
        let given = VARIABLES.iter().filter(|(name, ..)| self.given.contains(name));
        match given.clone().find(lacks) {
            Some((name, ..)) => Err(format!("{name} is set, and {store} has no such thing")),
            None => Ok(()),
        }
    }
}

/// Gives which of the choices a variable makes, of which the first is the default.
fn of<T: Copy, const N: usize>(variables: &Variables<'_>, name: &str, choices: [(&str, T); N]) -> Result<T, String> {
    Ok(choices[variables.choice(name, &choices.map(|(choice, _)| choice))?].1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<StoreSettings, String> {
        StoreSettings::from_variables(|name| set.iter().find(|(it, _)| *it == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn every_setting_of_a_store_has_a_variable() {
        let all = [
            ("SESSION_TABLE", "web_sessions"),
            ("SESSION_SCHEMA", "shop"),
            ("SESSION_LOGGING", "unlogged"),
            ("SESSION_DURABILITY", "process"),
            ("SESSION_PREPARING", "never"),
            ("SESSION_ENDS", "silent"),
            ("SESSION_LISTEN_URL", "postgres://localhost"),
            ("SESSION_PREFIX", "shop:s"),
            ("SESSION_EVICTION", "under-pressure"),
            ("SESSION_RESPONSE_TIMEOUT_MS", "250"),
            ("SESSION_READ_RETRIES", "0"),
            ("SESSION_MAX_PAYLOAD", "65536"),
            ("SESSION_CONNECTIONS", "3"),
            ("SESSION_CONNECT_TIMEOUT_MS", "700"),
        ];
        assert_eq!(all.map(|(name, _)| name), StoreSettings::variables());
        let StoreSettings { sql, redis, .. } = read(&all).unwrap();
        // What a store could be told yesterday and has no variable today does not compile, or stands here as it is by itself.
        let shown = format!("{sql:?} {redis:?}");
        for told in [
            "web_sessions",
            "shop",
            "Unlogged",
            "Process",
            "Never",
            "Silent",
            "listen_url: Some",
            "shop:s",
            "UnderPressure",
            "250ms",
            "read_retries: 0",
            "max_payload: 65536",
            "max_connections: 3",
            "connections: 3",
        ] {
            assert!(shown.contains(told), "{told} in {shown}");
        }
        let seconds = Duration::from_millis(700);
        assert_eq!((sql.acquire_timeout, redis.connect_timeout), (seconds, seconds));
    }

    #[test]
    fn what_cannot_be_is_refused_by_the_variable_it_is_in() {
        for (name, value) in [
            ("SESSION_TABLE", "Sessions"),
            ("SESSION_SCHEMA", "a.b"),
            ("SESSION_LOGGING", "never"),
            ("SESSION_EVICTION", "lru"),
            ("SESSION_MAX_PAYLOAD", "0"),
            ("SESSION_CONNECTIONS", "many"),
            ("SESSION_READ_RETRIES", "-1"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn what_a_store_has_no_such_thing_for_is_refused() {
        let prefix = read(&[("SESSION_PREFIX", "shop")]).unwrap();
        assert!(prefix.check("Redis", false, true).is_ok());
        assert_eq!(
            prefix.check("SQLite", true, false).unwrap_err(),
            "SESSION_PREFIX is set, and SQLite has no such thing"
        );
        let table = read(&[("SESSION_TABLE", "web_sessions"), ("SESSION_CONNECTIONS", "2")]).unwrap();
        assert!(table.check("SQLite", true, false).is_ok());
        for store in ["Redis", "ETS"] {
            assert!(table.check(store, false, store == "Redis").is_err());
        }
        assert_eq!(table.place().as_deref(), Some("table web_sessions"));
        assert_eq!(prefix.place().as_deref(), Some("prefix shop"));
        assert_eq!(read(&[]).unwrap().place(), None);
    }
}

//! Which store is meant, and how it is set up.

use std::path::PathBuf;

/// Says where the app's store is. What is not given here is looked for in the environment, and then in the file.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "The store, as the app has it")]
pub(crate) struct StoreFlags {
    /// Its URL (SESSION_STORE); better given there, or in the file, since others may see a command line.
    // Texts, all of them: what cannot be parsed would be quoted, with a password.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// A file of settings that the app shares, NAME=VALUE on each line (SESSION_SETTINGS).
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// The table of a SQL database (SESSION_TABLE).
    #[arg(long, global = true, value_name = "NAME")]
    table: Option<String>,
    /// The PostgreSQL schema that the table is in (SESSION_SCHEMA).
    #[arg(long, global = true, value_name = "NAME")]
    schema: Option<String>,
    /// What the names of keys in Redis begin with (SESSION_PREFIX).
    #[arg(long, global = true)]
    prefix: Option<String>,
    /// Whether Redis may drop sessions: never, under-pressure (SESSION_EVICTION).
    #[arg(long, global = true)]
    eviction: Option<String>,
    /// The most bytes of a payload (SESSION_MAX_PAYLOAD).
    #[arg(long, global = true, value_name = "BYTES")]
    max_payload: Option<String>,
    /// How many connections it may have (SESSION_CONNECTIONS).
    #[arg(long, global = true, value_name = "N")]
    connections: Option<String>,
    /// How long a connection may take (SESSION_CONNECT_TIMEOUT_MS).
    #[arg(long, global = true, value_name = "MS")]
    connect_timeout_ms: Option<String>,
    /// How long Redis may take to answer (SESSION_RESPONSE_TIMEOUT_MS).
    #[arg(long, global = true, value_name = "MS")]
    response_timeout_ms: Option<String>,
    /// How often a read of Redis is sent again (SESSION_READ_RETRIES).
    #[arg(long, global = true, value_name = "N")]
    read_retries: Option<String>,
    /// What a write to SQLite survives: power, process (SESSION_DURABILITY).
    #[arg(long, global = true)]
    durability: Option<String>,
    /// Whether PostgreSQL's table survives a crash, for `init`: logged, unlogged (SESSION_LOGGING).
    #[arg(long, global = true)]
    logging: Option<String>,
    /// How statements go to PostgreSQL: once, never (SESSION_PREPARING).
    #[arg(long, global = true)]
    preparing: Option<String>,
    /// Whether PostgreSQL tells of ends: told, silent (SESSION_ENDS).
    #[arg(long, global = true)]
    ends: Option<String>,
    /// Where PostgreSQL is listened to (SESSION_LISTEN_URL).
    #[arg(long, global = true, value_name = "URL")]
    listen_url: Option<String>,
}

impl StoreFlags {
    /// Gives each flag, with the variable that it stands for.
    pub(crate) fn each(&self) -> [(&'static str, &'static str, Option<&str>); 15] {
        [
            ("SESSION_STORE", "--store", self.store.as_deref()),
            ("SESSION_TABLE", "--table", self.table.as_deref()),
            ("SESSION_SCHEMA", "--schema", self.schema.as_deref()),
            ("SESSION_PREFIX", "--prefix", self.prefix.as_deref()),
            ("SESSION_EVICTION", "--eviction", self.eviction.as_deref()),
            ("SESSION_MAX_PAYLOAD", "--max-payload", self.max_payload.as_deref()),
            ("SESSION_CONNECTIONS", "--connections", self.connections.as_deref()),
            ("SESSION_CONNECT_TIMEOUT_MS", "--connect-timeout-ms", self.connect_timeout_ms.as_deref()),
            ("SESSION_RESPONSE_TIMEOUT_MS", "--response-timeout-ms", self.response_timeout_ms.as_deref()),
            ("SESSION_READ_RETRIES", "--read-retries", self.read_retries.as_deref()),
            ("SESSION_DURABILITY", "--durability", self.durability.as_deref()),
            ("SESSION_LOGGING", "--logging", self.logging.as_deref()),
            ("SESSION_PREPARING", "--preparing", self.preparing.as_deref()),
            ("SESSION_ENDS", "--ends", self.ends.as_deref()),
            ("SESSION_LISTEN_URL", "--listen-url", self.listen_url.as_deref()),
        ]
    }
}

/// Two stores.
#[derive(Debug, clap::Args)]
pub(crate) struct Stores {
    /// The store to copy from (SESSION_COPY_FROM). It is set up as the app's, unless --from-settings says how.
    pub(crate) from: Option<String>,
    /// The store to copy to (SESSION_COPY_TO). It is set up as stores are by themselves, unless --to-settings says how.
    pub(crate) to: Option<String>,
    /// How FROM is set up, and where it is if that is not given: a file as of --settings.
    #[arg(long, value_name = "FILE")]
    pub(crate) from_settings: Option<PathBuf>,
    /// How TO is set up, and where it is if that is not given.
    #[arg(long, value_name = "FILE")]
    pub(crate) to_settings: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use example_demo::StoreSettings;

    use super::*;

    #[test]
    fn every_setting_of_a_store_has_a_flag() {
        let flags = StoreFlags::default();
        for variable in StoreSettings::variables() {
            let flag = flags.each().into_iter().find(|(name, ..)| *name == variable).map(|(_, flag, _)| flag);
            let named = variable.trim_start_matches("SESSION_").to_lowercase().replace('_', "-");
            assert_eq!(flag, Some(&*format!("--{named}")), "{variable}");
        }
    }
}

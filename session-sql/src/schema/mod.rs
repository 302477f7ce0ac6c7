//! What `init` does: look, create what is missing, upgrade what is older, refuse what is not ours.
//!
//! The table's schema is numbered, and the number stands in the table's comment (in SQLite, which has none, in a
//! comment within its `CREATE TABLE`, which SQLite keeps). So there is no second table, and the number is dumped,
//! restored and renamed with the rows.
//!
//! No lock is taken, neither of sqlx nor of the database: not every database that speaks PostgreSQL's protocol has
//! advisory locks. Instead, whoever finds no table creates one, and whoever finds an older one upgrades it to the next
//! schema, as one step; of many that try, one gets through; the others fail or find that it was done, and look again.
//! A failure counts only if the table is still of the schema that was found.
//!
//! What the table looks like, and how a database tells, is each database's own, in `dialect/`.

mod init; // look, create, upgrade, refuse
#[cfg(test)]
mod rolling; // an upgrade under load, with older servers beside
mod table; // the number of a schema, and where it stands
#[cfg(test)]
mod upgrades; // from a schema that is made up

pub(crate) use init::{find, init};
pub use table::Found;
pub(crate) use table::{Table, Upgrade, mark};

//! Looks, creates what is missing, upgrades what is older, refuses what is not ours.

use session_core::StoreError;

use super::table::{CURRENT, Found, Table, Upgrade};
use crate::config::SqlConfig;
use crate::dialect::Dialect;
use crate::error::SchemaError;
use crate::fault::Failure;
use crate::pools::Pools;
use crate::retry::{Effect, retrying};

/// Makes sure that the table is there and is one of this store's.
pub(crate) async fn init<Db: Dialect>(pools: &Pools<Db>, config: &SqlConfig) -> Result<(), StoreError> {
    init_by(pools, config, &Db::upgrades(config)).await
}

pub(super) async fn init_by<Db: Dialect>(
    pools: &Pools<Db>,
    config: &SqlConfig,
    by: &[Upgrade],
) -> Result<(), StoreError> {
    // Lost: to another process that creates the table at this moment, or to whatever holds SQLite's lock.
    let looked = retrying::<Db, _, _>(|| attempt(pools, config, by)).await;
    looked
        .map_err(|failure| failure.told::<Db>(Effect::Writes))?
        .map_err(|refused| StoreError::Misconfigured { store: Db::STORE, source: refused.into() })
}

async fn attempt<Db: Dialect>(
    pools: &Pools<Db>,
    config: &SqlConfig,
    upgrades: &[Upgrade],
) -> Result<Result<(), SchemaError>, Failure> {
    if let Err(refused) = Db::prepare(pools, config).await? {
        return Ok(Err(refused));
    }
    let table = || Db::SPELLING.table(config);
    // One step to create, and one for each schema since.
    for _ in 0..=upgrades.len() + 1 {
        let found = match look(pools, config).await? {
            None => None,
            Some(table) => match check::<Db>(&table, config) {
                Ok(CURRENT) => return Ok(Ok(())),
                Ok(older) => Some(older),
                Err(refused) => return Ok(Err(refused)),
            },
        };
        let step = match found {
            None => Db::ddl(config),
            Some(found) => match upgrades.iter().find(|upgrade| upgrade.from == found) {
                Some(upgrade) => upgrade.statements.clone(),
                None => return Ok(Err(SchemaError::Older { table: table(), found, known: CURRENT })),
            },
        };
        if let Err(failure) = Db::run(pools, config, found, &step).await {
            // Why it failed tells more than that the table is as it was.
            match look(pools, config).await {
                Ok(Some(table)) if table.schema() != found => {}
                Ok(_) | Err(_) => return Err(failure),
            }
        }
    }
    let what = format!("the table {} is not what was made of it a moment ago", table());
    Ok(Err(SchemaError::Setting { what, remedy: "see who else creates or drops it, and call `init` again".to_owned() }))
}

/// Looks what stands where the table should be, and changes nothing.
pub(crate) async fn find<Db: Dialect>(pools: &Pools<Db>, config: &SqlConfig) -> Result<Found, StoreError> {
    let looked = retrying::<Db, _, _>(|| async {
        // Not the writer's: where there is one, it is for those who write.
        let mut connection = pools.reader().await?;
        let found = Db::look(&mut connection, config).await?;
        connection.done();
        Ok(found)
    });
    let Some(table) = looked.await.map_err(|failure| failure.told::<Db>(Effect::Reads))? else {
        return Ok(Found::Nothing);
    };
    match check::<Db>(&table, config) {
        Ok(CURRENT) => Ok(Found::Current),
        Ok(found) => Ok(Found::Older { found, known: CURRENT }),
        Err(refused) => Err(StoreError::Misconfigured { store: Db::STORE, source: refused.into() }),
    }
}

async fn look<Db: Dialect>(pools: &Pools<Db>, config: &SqlConfig) -> Result<Option<Table>, Failure> {
    let mut connection = pools.writer().await?;
    let found = Db::look(&mut connection, config).await?;
    connection.done();
    Ok(found)
}

/// Gives the schema of a table, if it is one of this store's.
fn check<Db: Dialect>(table: &Table, config: &SqlConfig) -> Result<u32, SchemaError> {
    let name = || Db::SPELLING.table(config);
    match table.schema() {
        Some(found) if found > CURRENT => return Err(SchemaError::Newer { table: name(), found, known: CURRENT }),
        // Its columns are what they were then.
        Some(older) if older < CURRENT => return Ok(older),
        _ => {}
    }
    let sorted = |columns: &[String]| {
        let mut columns = columns.to_vec();
        columns.sort_unstable();
        columns
    };
    let expected: Vec<_> = Db::COLUMNS.iter().copied().map(str::to_owned).collect();
    if sorted(&table.columns) != sorted(&expected) {
        let (found, expected) = (list(&table.columns), list(&expected));
        return Err(SchemaError::Unknown { table: name(), found, expected });
    }
    table.schema().ok_or_else(|| SchemaError::Unmarked { table: name(), remedy: Db::remedy(config) })
}

fn list(columns: &[String]) -> String {
    format!("({})", columns.join(", "))
}

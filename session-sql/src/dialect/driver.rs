//! The parts of a `Backend` that work on connections, written once for all databases: as a macro, since what sqlx asks of
//! a generic one would stand on every signature.

/// Writes the parts of a [`Backend`] that work on connections.
macro_rules! driver {
    () => {
        async fn run(
            pools: &Pools<Self>,
            config: &SqlConfig,
            found: Option<u32>,
            statements: &[String],
        ) -> Result<(), Failure> {
            let mut writer = pools.writer().await?;
            let Some(begin) = Self::BEGIN else {
                driver!(@run &mut *writer, config, found, statements)?;
                writer.done();
                return Ok(());
            };
            let begun = sqlx::Connection::begin_with(&mut *writer, begin).await;
            let mut transaction = begun.map_err(Failure::Sent)?;
            driver!(@run &mut *transaction, config, found, statements)?;
            transaction.commit().await.map_err(Failure::Sent)?;
            writer.done();
            Ok(())
        }

        async fn execute(pools: &Pools<Self>, sql: &Statement, values: &[Value<'_>]) -> Result<u64, Failure> {
            let mut writer = pools.writer().await?;
            let done = match inline(sql, values) {
                Some(text) => sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut *writer).await,
                None => driver!(@bind sql, values).execute(&mut *writer).await,
            };
            match done {
                Ok(done) => {
                    writer.done();
                    Ok(done.rows_affected())
                }
                Err(error) => Err(writer.failed(error, Self::fault)),
            }
        }

        async fn number(pools: &Pools<Self>, sql: &'static str) -> Result<i64, Failure> {
            let mut reader = pools.reader().await?;
            let answer = sqlx::raw_sql(sql).fetch_one(&mut *reader).await;
            let number = answer.and_then(|row| sqlx::Row::try_get(&row, 0)).map_err(Failure::Sent)?;
            reader.done();
            Ok(number)
        }

        async fn fetch(pools: &Pools<Self>, sql: &Statement, values: &[Value<'_>]) -> Result<Vec<Fetched>, Failure> {
            let mut reader = pools.reader().await?;
            let rows = match inline(sql, values) {
                Some(text) => sqlx::raw_sql(sqlx::AssertSqlSafe(text)).fetch_all(&mut *reader).await,
                None => driver!(@bind sql, values).fetch_all(&mut *reader).await,
            };
            let rows = rows.map_err(Failure::Sent)?;
            reader.done();
            rows.iter().map(driver!(@read)).collect::<Result<_, _>>().map_err(Failure::Sent)
        }
    };
    (@run $connection:expr, $config:expr, $found:expr, $statements:expr) => {{
        let standing = Self::look($connection, $config).await?;
        if standing.and_then(|table| table.schema()) == $found {
            // In one message, which for PostgreSQL is one transaction.
            let text = sqlx::AssertSqlSafe($statements.join(";\n"));
            sqlx::raw_sql(text).execute($connection).await.map_err(Failure::Sent)?;
        }
        Ok::<_, Failure>(())
    }};
    (@bind $sql:expr, $values:expr) => {{
        let query = sqlx::query(sqlx::AssertSqlSafe(std::sync::Arc::clone(&$sql.text)));
        let query = $values.iter().fold(query, |query, value| match *value {
            Value::Number(number) => query.bind(number),
            Value::Bytes(bytes) => query.bind(bytes),
            Value::Absent => query.bind(None::<&[u8]>),
        });
        match $sql.guard {
            Some(guard) => query.bind(guard),
            None => query,
        }
    }};
    (@read) => {
        |row| {
            let payload = row.try_get::<Option<Vec<u8>>, _>(1);
            let left_out = matches!(payload, Ok(None));
            let columns = || {
                Ok(crate::row::Columns {
                    version: row.try_get(0)?,
                    payload: payload?.unwrap_or_default(),
                    owner: row.try_get(2)?,
                    created_at: row.try_get(3)?,
                    last_seen_at: row.try_get(4)?,
                    expires_at: row.try_get(5)?,
                })
            };
            let place = match row.len() {
                6 => None,
                _ => {
                    let key: Vec<u8> = row.try_get(6)?;
                    Some(crate::row::Place { key: crate::row::key(&key), arrival: row.try_get(7)? })
                }
            };
            Ok::<_, sqlx::Error>(Fetched { record: crate::row::record(columns()), left_out, place })
        }
    };
}
pub(crate) use {crate::inline::inline, driver};

//! Opens a store as it is, or makes what it needs.

use std::path::Path;

use example_demo::{StoreSettings, StoreUrl};
use session_sql::Found;

use super::Backend;
use crate::failure::{Failure, unusable};

/// Says which store is opened.
#[derive(Debug)]
pub(crate) struct Target {
    /// What its URL is given by.
    pub(crate) named: &'static str,
    pub(crate) url: Option<String>,
    pub(crate) settings: StoreSettings,
}

/// Opens a store that is there. It creates nothing, neither file nor table.
pub(crate) async fn open(target: &Target) -> Result<Backend, Failure> {
    let url = url(target)?;
    if let Some(file) = url.sqlite_file()
        && !file.exists()
    {
        return Err(Failure::missing(format!("there is no file {}; `init` creates one", file.display())));
    }
    let backend = connect(target, url.as_it_is(), url)?;
    match &backend.sql {
        None => {
            // It looks at the server, and has nothing to create.
            backend.store.init().await?;
        }
        Some(sql) => match sql.look().await? {
            Found::Current => {}
            Found::Nothing => {
                return Err(Failure::missing(format!(
                    "there is no table of sessions in {}{}; if that is the place, `init` creates it",
                    backend.location(),
                    if target.settings.place().is_some() { "" } else { ", where it would be called `sessions`" },
                )));
            }
            older => {
                return Err(Failure::misconfigured(format!(
                    "the table of sessions in {} is of another version ({older:?}); `init` upgrades it",
                    backend.location()
                )));
            }
        },
    }
    Ok(backend)
}

/// Opens a store, and makes what it needs; tells what that was.
pub(crate) async fn open_or_make(target: &Target) -> Result<(Backend, &'static str), Failure> {
    let url = url(target)?;
    let backend = connect(target, url.clone(), url.clone())?;
    let had = match &backend.sql {
        None => "nothing to create",
        Some(_) if url.sqlite_file().is_some_and(|file| !file.exists()) => "created",
        Some(sql) => match sql.look().await? {
            Found::Current => "as it was",
            Found::Nothing => "created",
            _ => "upgraded",
        },
    };
    backend.store.init().await?;
    Ok((backend, had))
}

fn url(target: &Target) -> Result<StoreUrl, Failure> {
    let Some(url) = &target.url else {
        return Err(Failure::usage(format!("{} is missing: give the URL of a store", target.named)));
    };
    let url = StoreUrl::parse(target.named, url).map_err(Failure::usage)?;
    if url.is_in_memory() {
        return Err(Failure::unsupported(format!(
            "{url} is in the memory of the app's own process, where no other program can reach it"
        )));
    }
    Ok(url)
}

/// Makes the store. It is told of by the URL that was given.
fn connect(target: &Target, url: StoreUrl, told: StoreUrl) -> Result<Backend, Failure> {
    // No file is read for one that is not in memory.
    let opened = url.open(Path::new(""), &target.settings).map_err(unusable)?;
    Ok(Backend { url: told, settings: target.settings.clone(), store: opened.store, sql: opened.sql })
}

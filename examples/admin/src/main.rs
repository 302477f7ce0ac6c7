#![doc = include_str!("../README.md")]

mod app; // whose sessions they are: the app's name for them, and its keys
mod args; // the command line
mod backend; // a store that answers, or why there is none
mod copy; // from one store to another, while the app runs
mod everybody; // list --all, revoke --all
mod failure; // why a command did not do what it was asked, and its exit code
mod inventory; // check, count, sweep
mod one; // get, set, unset
mod owned; // list and revoke of one owner
mod report; // tables for people, JSON for programs
mod verify; // compares two stores

use std::process::ExitCode;

use clap::Parser;
use session_core::SecretKeys;

use args::{Args, Command, KeyCommand};
use failure::Failure;
use report::Report;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return args::refuse(&error),
    };
    let json = args.json;
    let name = args.command.name();
    let done = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::Setup(error.into()))
        .and_then(|runtime| runtime.block_on(run(args)));
    match done {
        Ok(report) => report.print(name, json),
        Err(failure) => failure.print(name, json),
    }
}

async fn run(args: Args) -> Result<Report, Failure> {
    let store = || backend::open("SESSION_STORE", args.store.as_deref());
    match args.command {
        Command::Check => inventory::check(&store().await?).await,
        Command::Count => inventory::count(&store().await?).await,
        Command::Sweep { grace, batch } => inventory::sweep(&store().await?, grace, batch).await,
        Command::List { owner: Some(owner), .. } => owned::list(&store().await?, &owner).await,
        Command::List { all, app, .. } => everybody::list(&app.sessions(&store().await?)?, &all, args.json).await,
        Command::Get { key, values, app } => one::get(&app.sessions(&store().await?)?, &key, values).await,
        Command::Set { target, app, name, value } => {
            one::set(&app.sessions(&store().await?)?, &target, &name, &value).await
        }
        Command::Unset { target, app, name } => one::unset(&app.sessions(&store().await?)?, &target, &name).await,
        Command::Revoke { key, owner, except, all, app } => {
            let store = store().await?;
            let sessions = app.sessions(&store)?;
            match (key, owner) {
                (Some(key), _) => owned::revoke(&sessions, &key).await,
                (None, Some(owner)) => owned::revoke_all(&store, &sessions, &owner, except.as_deref()).await,
                (None, None) => everybody::revoke(&store, &sessions, &all).await,
            }
        }
        Command::Copy(options) => {
            let from = backend::open("FROM", options.stores.from.as_deref()).await?;
            let to = backend::open("TO", options.stores.to.as_deref()).await?;
            copy::copy(&from, &to, &options, args.json).await
        }
        Command::Verify { stores } => {
            let from = backend::open("FROM", stores.from.as_deref()).await?;
            let to = backend::open("TO", stores.to.as_deref()).await?;
            verify::verify(&from, &to).await
        }
        Command::Key { command: KeyCommand::Generate } => {
            let key = SecretKeys::generate().map_err(|error| Failure::Setup(error.into()))?;
            Ok(Report::text(key.to_string(), "key"))
        }
    }
}

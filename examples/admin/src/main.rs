#![doc = include_str!("../README.md")]

mod app; // whose sessions they are: the app's name for them, and its keys
mod args; // the command line
mod backend; // a store that answers, or why there is none
mod check; // init, check
mod copy; // from one store to another, while the app runs
mod everybody; // list --all, revoke --all
mod everything; // revoke --everything
mod failure; // why a command did not do what it was asked, and its exit code
mod inventory; // count, ages, owners
mod manual; // completions, man
mod names; // fingerprint, find
mod one; // get, set, unset
mod out; // stdout and stderr
mod owned; // list and revoke of one owner
mod report; // tables for people, JSON for programs
mod settings; // how the app's store is set up
mod sweep; // removes what has expired
mod verify; // compares two stores

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use session_core::SecretKeys;

use app::{AppCodec, Names};
use args::{Args, Command, KeyCommand, Stores};
use backend::{Backend, Target};
use failure::Failure;
use report::Report;
use settings::Settings;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().collect();
    let args = match args::parse(&arguments) {
        Ok(args) => args,
        Err(error) => return args::refuse(&error, &arguments).unwrap_or_else(|failure| failure.print(None, false)),
    };
    let json = args.json;
    let name = args.command.name();
    let done = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::machine(&error))
        .and_then(|runtime| runtime.block_on(run(args)))
        .and_then(|report| report.print(name, json));
    done.unwrap_or_else(|failure| failure.print(Some(name), json))
}

async fn run(args: Args) -> Result<Report, Failure> {
    let json = args.json;
    match args.command {
        Command::Copy(options) => {
            let (from, to) = both(&args.store, &options.stores).await?;
            copy::copy(&from, &to, &options, json).await
        }
        Command::Verify { stores } => {
            let (from, to) = both(&args.store, &stores).await?;
            verify::verify(&from, &to).await
        }
        Command::Key { command: KeyCommand::Generate } => {
            let key = SecretKeys::generate().map_err(|error| Failure::machine(&error))?;
            Ok(Report::text(key.to_string(), "key"))
        }
        Command::Completions { shell } => Ok(manual::completions(shell)),
        Command::Man { folder } => manual::man(folder.as_deref()),
        command => {
            let settings = Settings::of_app(&args.store)?;
            let done = with_settings(command, &settings, json).await;
            done.map_err(|failure| failure.said(|said| settings.named(said)))
        }
    }
}

/// Does what the app's own settings are needed for.
async fn with_settings(command: Command, settings: &Settings, json: bool) -> Result<Report, Failure> {
    let target = target(settings, "SESSION_STORE", settings.text("SESSION_STORE"))?;
    let (codec, names) = (AppCodec::of(settings)?, Names::of(settings)?);
    // Before the store is asked: it takes none of it.
    let store = match command {
        Command::Init => return check::init(&target).await,
        Command::Check { timeout } => return check::check(&target, timeout).await,
        Command::Fingerprint { key } => return names::fingerprint(names, &key),
        _ => backend::open(&target).await?,
    };
    match command {
        Command::Count => inventory::count(&store, &codec).await,
        Command::Ages { by } => inventory::ages(&store, &codec, by).await,
        Command::Owners { begin, at_least, limit } => {
            inventory::owners(&store, &codec, begin.as_deref(), at_least, limit).await
        }
        Command::Sweep { grace, batch, pauses, dry_run } => sweep::sweep(&store, grace, batch, pauses, dry_run).await,
        Command::List { owner: Some(owner), .. } => owned::list(&store, &names, &owner).await,
        Command::List { all, app, .. } => {
            everybody::list(&store, &app.sessions(&store, settings)?, &names, &all, json).await
        }
        Command::Find { fingerprint, owner } => {
            names::find(&store, names, &codec, &fingerprint, owner.as_deref()).await
        }
        Command::Get { key, values, app } => {
            one::get(&store, &app.sessions(&store, settings)?, &codec, &names, &key, values).await
        }
        Command::Set { target, app, name, value } => {
            one::set(&store, &app.sessions(&store, settings)?, &target, &name, &value).await
        }
        Command::Unset { target, app, name, dry_run } => {
            one::unset(&store, &app.sessions(&store, settings)?, &target, &name, dry_run).await
        }
        Command::Revoke { all, dry_run, .. } if all.everything => everything::remove(&store, &all, dry_run).await,
        Command::Revoke { key, owner, except, all, dry_run, app } => {
            let sessions = app.sessions(&store, settings)?;
            match (key, owner) {
                (Some(key), _) => owned::revoke(&store, &sessions, &names, &key, dry_run).await,
                (None, Some(owner)) => owned::revoke_all(&store, &sessions, &owner, except.as_deref(), dry_run).await,
                (None, None) => everybody::revoke(&store, &sessions, &codec, &all, dry_run).await,
            }
        }
        _ => unreachable!("all others are done by now"),
    }
}

/// Opens the stores of a copy.
async fn both(app: &args::StoreFlags, stores: &Stores) -> Result<(Backend, Backend), Failure> {
    let of_file = |path: Option<&Path>| path.map(Settings::of_file).transpose();
    let from_file = of_file(stores.from_settings.as_deref())?;
    let from_settings = match &from_file {
        Some(settings) => settings,
        None => &Settings::of_app(app)?,
    };
    let to_settings = of_file(stores.to_settings.as_deref())?.unwrap_or_default();
    let url = |given: &Option<String>, variable: &str, file: Option<&Settings>| {
        let in_file = || file.and_then(|settings| settings.text("SESSION_STORE"));
        given.clone().or_else(|| env::var(variable).ok()).or_else(in_file)
    };
    let from = url(&stores.from, "SESSION_COPY_FROM", from_file.as_ref());
    let to = url(&stores.to, "SESSION_COPY_TO", Some(&to_settings));
    let (from, to) = (target(from_settings, "FROM", from)?, target(&to_settings, "TO", to)?);
    Ok((backend::open(&from).await?, backend::open(&to).await?))
}

fn target(settings: &Settings, named: &'static str, url: Option<String>) -> Result<Target, Failure> {
    Ok(Target { named, url, settings: settings.store()? })
}

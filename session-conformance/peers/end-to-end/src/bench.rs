//! Starts the apps, has them take turns, and counts what they lost.

use std::cell::RefCell;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::app::{Express, Who};
use crate::backend::{Backend, Running};
use crate::load::{Connection, Crowd, audit, fill, take_turn};
use crate::report::{Processors, Report};
use crate::usage;

/// How much is measured.
#[derive(Clone, Debug)]
pub(crate) struct Size {
    pub(crate) sessions: usize,
    pub(crate) rounds: usize,
    /// How long each goes on before what it does is noted.
    pub(crate) lead: Duration,
    pub(crate) turn: Duration,
    pub(crate) connections: Vec<usize>,
}

/// An app that runs, and the browsers that have their sessions in it.
struct App {
    who: Who,
    process: Child,
    connections: Vec<Connection>,
    crowd: Rc<RefCell<Crowd>>,
}

/// Measures all apps on a backend, and prints what came of it.
pub(crate) async fn run(backend: Backend, only: &[Who], size: &Size) -> Result<Report> {
    let running = Running::start(backend).await?;
    let mut apps = Vec::new();
    let mut express = None;
    for who in Who::on(backend).iter().copied().filter(|who| only.is_empty() || only.contains(who)) {
        let command = if who == Who::ExpressSession {
            express = Express::install().await?;
            let Some(express) = &express else { continue };
            express.command()
        } else {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["app", who.name(), backend.name()]);
            command
        };
        apps.push(start(who, command, &running, size).await.with_context(|| format!("{} failed", who.name()))?);
    }
    running.settle(apps.iter().map(|app| app.who)).await?;
    let mut report = Report::new(backend);
    for &width in &size.connections {
        for _ in 0..size.rounds {
            for app in &mut apps {
                // Each comes from a pause, while the others had their turns, and is in its stride before it is noted.
                for is_noted in [false, true] {
                    let length = if is_noted { size.turn } else { size.lead };
                    let (turn, processors) = app
                        .turn(width, length, running.process)
                        .await
                        .with_context(|| format!("{} with {width} connections failed", app.who.name()))?;
                    if is_noted {
                        report.note(width, app.who, &turn, processors);
                    }
                }
            }
        }
    }
    report.print_table();
    println!("\n| who | writes acknowledged | of these lost | answers that were no success | sessions not found |");
    println!("|---|---|---|---|---|");
    for app in &mut apps {
        audit(&mut app.connections, &app.crowd).await?;
        let harm = app.crowd.borrow().harm;
        let who = app.who.name();
        println!("| {who} | {} | {} | {} | {} |", harm.acknowledged, harm.lost, harm.refused, harm.missing);
    }
    for app in apps {
        app.end().await?;
    }
    drop(express); // its folder was needed until now
    Ok(report)
}

async fn start(who: Who, mut command: Command, running: &Running, size: &Size) -> Result<App> {
    let mut process = command
        // Not among the arguments, which everybody on the machine can read.
        .env("END_TO_END_AT", running.place(who).await?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(process.stdout.take().context("it is piped")?).lines();
    let port = lines.next_line().await?.context("the app ended at once")?.parse()?;
    let mut connections = Vec::new();
    for _ in 0..size.connections.iter().copied().max().context("there are connections")? {
        connections.push(Connection::open(port).await?);
    }
    let mut app = App { who, process, connections, crowd: Rc::new(RefCell::new(Crowd::new(size.sessions))) };
    fill(&mut app.connections, &app.crowd).await?;
    Ok(app)
}

impl App {
    async fn turn(
        &mut self,
        width: usize,
        length: Duration,
        server: Option<i32>,
    ) -> Result<(crate::load::Turn, Processors)> {
        let process = self.process.id().context("the app runs")? as i32;
        let (load, used) = (std::process::id() as i32, usage::of_family);
        let before = (used(process)?, server.map(used).transpose()?, usage::of_one(load)?);
        let turn = take_turn(&mut self.connections, width, &self.crowd, length).await?;
        let after = (used(process)?, server.map(used).transpose()?, usage::of_one(load)?);
        let processors = Processors {
            app: after.0.saturating_sub(before.0),
            server: after.1.unwrap_or_default().saturating_sub(before.1.unwrap_or_default()),
            load: after.2.saturating_sub(before.2),
        };
        Ok((turn, processors))
    }

    async fn end(mut self) -> Result<()> {
        self.connections.clear();
        drop(self.process.stdin.take());
        self.process.wait().await?;
        Ok(())
    }
}

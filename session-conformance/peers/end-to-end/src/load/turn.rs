//! What is done for a while, and what came of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use super::connection::Connection;
use super::crowd::{Crowd, Deed};

/// What came of a turn.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) took: Duration,
    /// How long requests took, by what they did.
    pub(crate) micros: Micros,
}

/// Of each [`Deed`] how long its requests took.
pub(crate) type Micros = [Histogram<u64>; 3];

/// The browsers, which every connection works for.
type Shared = Rc<RefCell<Crowd>>;

/// Logs everybody in.
pub(crate) async fn fill(connections: &mut Vec<Connection>, crowd: &Shared) -> Result<()> {
    let (width, everybody) = (connections.len(), crowd.borrow().len());
    on_each(connections, width, |place, mut connection| {
        let crowd = Rc::clone(crowd);
        async move {
            for number in (place..everybody).step_by(width) {
                log_in(&mut connection, &crowd, number).await?;
            }
            Ok((connection, ()))
        }
    })
    .await?;
    Ok(())
}

/// Sends requests over so many of the connections, each as soon as the one before it was answered.
pub(crate) async fn take_turn(
    connections: &mut Vec<Connection>,
    width: usize,
    crowd: &Shared,
    length: Duration,
) -> Result<Turn> {
    let start = Instant::now();
    let sent = on_each(connections, width, |_, connection| send_until(connection, Rc::clone(crowd), start + length));
    let sent = sent.await?;
    let mut turn = Turn { took: start.elapsed(), micros: histograms() };
    for sent in sent {
        for (all, micros) in turn.micros.iter_mut().zip(sent) {
            all.add(micros)?;
        }
    }
    Ok(turn)
}

/// Asks for the count of everybody who wrote.
pub(crate) async fn audit(connections: &mut Vec<Connection>, crowd: &Shared) -> Result<()> {
    let (width, writers) = (connections.len(), Rc::new(crowd.borrow_mut().writers()));
    on_each(connections, width, |place, mut connection| {
        let (crowd, writers) = (Rc::clone(crowd), Rc::clone(&writers));
        async move {
            for number in writers.iter().copied().skip(place).step_by(width) {
                let cookies = crowd.borrow_mut().browser(number).cookies.clone();
                let answer = connection.send("GET", "/read", &cookies).await?;
                ensure!(answer.status == 200, "a page was answered {}", answer.status);
                let mut crowd = crowd.borrow_mut();
                crowd.found(number, answer.count);
                // It goes on from what there is.
                crowd.browser(number).told = answer.count.unwrap_or(0);
            }
            Ok((connection, ()))
        }
    })
    .await?;
    Ok(())
}

/// Has so many of the connections work at once, and gives what each gave.
async fn on_each<T: 'static, F: Future<Output = Result<(Connection, T)>> + 'static>(
    connections: &mut Vec<Connection>,
    width: usize,
    work: impl Fn(usize, Connection) -> F,
) -> Result<Vec<T>> {
    let working = connections.drain(..width).enumerate();
    let mut working: JoinSet<_> = working.fold(JoinSet::new(), |mut set, (place, connection)| {
        set.spawn_local(work(place, connection));
        set
    });
    let mut given = Vec::with_capacity(width);
    while let Some(done) = working.join_next().await {
        let (connection, one) = done??;
        connections.push(connection);
        given.push(one);
    }
    Ok(given)
}

async fn send_until(mut connection: Connection, crowd: Shared, end: Instant) -> Result<(Connection, Micros)> {
    let mut all = histograms();
    let mut now = Instant::now();
    while now < end {
        let (number, deed) = crowd.borrow_mut().begin();
        let cookies = crowd.borrow_mut().browser(number).cookies.clone();
        let sent = Instant::now();
        let micros = &mut all[deed as usize];
        match deed {
            Deed::Read => {
                let answer = connection.send("GET", "/read", &cookies).await?;
                let mut crowd = crowd.borrow_mut();
                crowd.harm.refused += u64::from(answer.status != 200);
                crowd.harm.missing += u64::from(answer.status == 200 && answer.count.is_none());
            }
            Deed::Write => {
                let answer = connection.send("POST", "/write", &cookies).await?;
                let mut crowd = crowd.borrow_mut();
                let written = u64::from(answer.status == 200);
                crowd.harm.acknowledged += written;
                crowd.harm.refused += 1 - written;
                crowd.browser(number).told += written;
            }
            Deed::Log => {
                let answer = connection.send("POST", "/logout", &cookies).await?;
                ensure!(answer.status == 200, "a logout was answered {}", answer.status);
                micros.record(sent.elapsed().as_micros() as u64)?;
                crowd.borrow_mut().found(number, answer.count);
                let sent = Instant::now();
                log_in(&mut connection, &crowd, number).await?;
                micros.record(sent.elapsed().as_micros() as u64)?;
            }
        }
        crowd.borrow_mut().end(number);
        now = Instant::now();
        if deed != Deed::Log {
            micros.record((now - sent).as_micros() as u64)?;
        }
    }
    Ok((connection, all))
}

async fn log_in(connection: &mut Connection, crowd: &Shared, number: usize) -> Result<()> {
    let answer = connection.send("POST", &format!("/login/{number}"), "").await?;
    ensure!(answer.status == 200, "a login was answered {}", answer.status);
    ensure!(!answer.cookies.is_empty(), "a login set no cookie");
    let mut crowd = crowd.borrow_mut();
    let browser = crowd.browser(number);
    browser.cookies = answer.cookies;
    browser.told = answer.count.context("a login says how often its user was there")?;
    Ok(())
}

fn histograms() -> Micros {
    std::array::from_fn(|_| Histogram::new(3).expect("three digits are allowed"))
}

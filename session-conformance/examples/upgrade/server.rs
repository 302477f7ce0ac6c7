//! A server of one version: a process that is asked and answers by lines.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

type Waiting = Arc<Mutex<HashMap<u64, Sender<Answer>>>>;

pub(crate) struct Server {
    pub(crate) name: &'static str,
    process: Child,
    requests: Mutex<Option<ChildStdin>>,
    waiting: Waiting,
    next: AtomicU64,
}

/// What a browser is given.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Owner, count, word and flashes, by words.
    pub(crate) shown: String,
    /// The value of `Set-Cookie`; `None` if there is none.
    pub(crate) set_cookie: Option<String>,
}

impl Server {
    pub(crate) fn start(name: &'static str, program: &str, url: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut process = Command::new(program).arg(url).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let requests = Mutex::new(process.stdin.take());
        let answers = BufReader::new(process.stdout.take().ok_or("no output")?);
        let waiting = Waiting::default();
        let asked = Arc::clone(&waiting);
        thread::spawn(move || {
            for line in answers.lines().map_while(Result::ok) {
                let Some((number, answer)) = parse(&line) else { break };
                let asker = asked.lock().unwrap().remove(&number);
                // Who does not wait any more has failed and says why.
                let _ = asker.map(|asker| asker.send(answer));
            }
            // It has ended: nobody is to wait for ever.
            asked.lock().unwrap().clear();
        });
        Ok(Self { name, process, requests, waiting, next: AtomicU64::new(1) })
    }

    /// Sends a request; the answer comes by itself, so that others can be sent meanwhile.
    pub(crate) fn ask(&self, cookie: Option<&str>, operation: &str) -> Result<Receiver<Answer>, String> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (asker, answer) = channel();
        self.waiting.lock().unwrap().insert(number, asker);
        let line = format!("{number} {} {operation}\n", cookie.unwrap_or("-"));
        let mut requests = self.requests.lock().unwrap();
        let written = requests.as_mut().map(|pipe| pipe.write_all(line.as_bytes()).and_then(|()| pipe.flush()));
        match written {
            Some(Ok(())) => Ok(answer),
            _ => Err(format!("the {} server has ended", self.name)),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends when nobody can ask it any more.
        drop(self.requests.lock().unwrap().take());
        let _ = self.process.wait();
    }
}

fn parse(line: &str) -> Option<(u64, Answer)> {
    let mut words = line.splitn(7, ' ');
    let number = words.next()?.parse().ok()?;
    let status = words.next()?.parse().ok()?;
    let shown = [words.next()?, words.next()?, words.next()?, words.next()?].join(" ");
    let set_cookie = words.next().filter(|set| !set.is_empty()).map(str::to_owned);
    Some((number, Answer { status, shown, set_cookie }))
}

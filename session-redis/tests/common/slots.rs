//! Whoever moves the slots of a cluster from master to master.

use std::collections::HashMap;

use redis::{FromRedisValue, Value, cmd};
use session_conformance::servers::Alone;
use session_redis::redis;
use session_redis::session_core::{BoxError, SessionKey};

use super::admin::Admin;
use super::{command, key, until};

/// How many slots a cluster has.
pub(crate) const SLOTS: u16 = 16_384;

/// Gives the slot of a name without braces: CRC16 of the kind that XMODEM has.
pub(crate) fn slot(name: &str) -> u16 {
    let step = |sum: u16, byte: u8| {
        let shift = |sum: u16, _| if sum & 0x8000 == 0 { sum << 1 } else { (sum << 1) ^ 0x1021 };
        (0..8).fold(sum ^ (u16::from(byte) << 8), shift)
    };
    name.bytes().fold(0, step) % SLOTS
}

/// Draws session keys whose records are in these many slots, as many for each.
pub(crate) fn keys_by_slot(prefix: &str, slots: usize, each: usize) -> Vec<(u16, Vec<SessionKey>)> {
    let mut drawn = vec![Vec::new(); usize::from(SLOTS)];
    let mut full = Vec::new();
    while full.len() < slots {
        let key = key();
        let slot = slot(&super::record_name(prefix, &key));
        let found = &mut drawn[usize::from(slot)];
        if found.len() < each {
            found.push(key);
            if found.len() == each {
                full.push((slot, found.clone()));
            }
        }
    }
    full
}

/// How often a server is told to move slots before it is given up.
const TRIES: usize = 5;

/// A master, by a connection of its own.
pub(crate) struct Master {
    pub(crate) id: String,
    port: u16,
    admin: Admin,
}

impl Master {
    pub(crate) async fn run<T: FromRedisValue>(&self, words: &str) -> Result<T, BoxError> {
        self.admin.run(&command(words)).await
    }

    /// Says whose a slot is, until it is taken: Valkey has its replicas agree first, who may be busy.
    async fn set_slot(&self, words: &str) {
        let order = format!("CLUSTER SETSLOT {words}");
        until("the slot", || async { self.run::<Value>(&order).await.ok() }).await;
    }

    /// Tells whether all that it was told to move has been moved, or given up.
    async fn has_moved(&self) -> Result<bool, BoxError> {
        let moves: Vec<HashMap<String, Value>> = self.run("CLUSTER GETSLOTMIGRATIONS").await?;
        let is_over = |state: &Value| match state {
            Value::BulkString(state) => [&b"success"[..], b"failed", b"cancelled"].contains(&&state[..]),
            _ => false,
        };
        Ok(moves.iter().all(|it| it.get("state").is_some_and(is_over)))
    }

    /// Gives how often it has answered with this error.
    pub(crate) async fn answered(&self, code: &str) -> Result<u64, BoxError> {
        let told: String = self.run("INFO errorstats").await?;
        let found = told.lines().find_map(|line| line.strip_prefix(&format!("errorstat_{code}:count=")));
        Ok(found.map_or(Ok(0), |count| count.trim().parse())?)
    }
}

/// Moves slots.
pub(crate) struct Mover {
    pub(crate) masters: Vec<Master>,
    password: String,
}

impl Mover {
    pub(crate) async fn of(server: &Alone) -> Result<Self, BoxError> {
        let (_, rest) = server.url().split_once("://").ok_or("a URL")?;
        let (user, _) = rest.rsplit_once('@').ok_or("a URL with a password")?;
        let mut masters = Vec::new();
        // They are the first three of the nodes.
        for node in &server.nodes()[..3] {
            let admin = Admin::of(&redis::Client::open(format!("redis://{user}@127.0.0.1:{}", node.port()))?).await?;
            masters.push(Master { id: admin.run(&command("CLUSTER MYID")).await?, port: node.port(), admin });
        }
        Ok(Self { masters, password: user.trim_start_matches(':').to_owned() })
    }

    /// Finds the master that has the slot.
    pub(crate) async fn owner(&self, slot: u16) -> Result<usize, BoxError> {
        for (number, master) in self.masters.iter().enumerate() {
            let told: String = master.run("CLUSTER NODES").await?;
            let own = told.lines().find(|line| line.contains("myself")).ok_or("a node knows itself")?;
            let has = |range: &str| {
                let (from, to) = range.split_once('-').unwrap_or((range, range));
                matches!((from.parse::<u16>(), to.parse::<u16>()), (Ok(from), Ok(to)) if (from..=to).contains(&slot))
            };
            if own.split(' ').skip(8).any(has) {
                return Ok(number);
            }
        }
        Err("nobody has the slot".into())
    }

    /// Says of a slot that it is on its way: what the old master has not is asked of the new one from here on.
    pub(crate) async fn begin(&self, slot: u16, from: usize, to: usize) -> Result<(), BoxError> {
        let (old, new) = (&self.masters[from], &self.masters[to]);
        new.set_slot(&format!("{slot} IMPORTING {}", old.id)).await;
        old.set_slot(&format!("{slot} MIGRATING {}", new.id)).await;
        Ok(())
    }

    /// Moves one key of the slot; tells whether there was one.
    pub(crate) async fn move_one(&self, slot: u16, from: usize, to: usize) -> Result<bool, BoxError> {
        let (old, new) = (&self.masters[from], &self.masters[to]);
        let names: Vec<Vec<u8>> = old.run(&format!("CLUSTER GETKEYSINSLOT {slot} 1")).await?;
        let Some(name) = names.first() else { return Ok(false) };
        let mut migrate = cmd("MIGRATE");
        migrate.arg("127.0.0.1").arg(new.port).arg("").arg(0).arg(5_000).arg("AUTH").arg(&self.password);
        // One that ended meanwhile is no key any more, which is no error.
        old.admin.run::<Value>(migrate.arg("KEYS").arg(&name[..])).await?;
        Ok(true)
    }

    /// Says of a slot that has been moved whose it is, first to the one whose it is, and waits until all agree on all:
    /// what two masters claim that do not know of each other is nobody's.
    pub(crate) async fn finish(&self, slot: u16, to: usize) -> Result<(), BoxError> {
        let said = format!("{slot} NODE {}", self.masters[to].id);
        self.masters[to].set_slot(&said).await;
        for master in &self.masters {
            master.set_slot(&said).await;
        }
        until("agreement", || async { self.agree().await.is_ok_and(|agree| agree).then_some(()) }).await;
        Ok(())
    }

    /// Tells whether all masters have the same idea of who has which slots, since when.
    async fn agree(&self) -> Result<bool, BoxError> {
        let mut views = Vec::new();
        for master in &self.masters {
            let told: String = master.run("CLUSTER NODES").await?;
            let of = |line: &str| {
                let words: Vec<_> = line.split(' ').filter(|word| !word.starts_with('[')).map(str::to_owned).collect();
                words[2].contains("master").then(|| (words[0].clone(), words[6].clone(), words[8..].to_vec()))
            };
            let mut view: Vec<_> = told.lines().filter_map(of).collect();
            view.sort();
            views.push(view);
        }
        Ok(views.windows(2).all(|two| two[0] == two[1]))
    }

    /// Moves slots to the next master key by key, all at the same time, so that all are half moved for a while.
    pub(crate) async fn move_by_keys(&self, slots: &[u16]) -> Result<(), BoxError> {
        let mut ways = Vec::new();
        for &slot in slots {
            let from = self.owner(slot).await?;
            let to = (from + 1) % self.masters.len();
            self.begin(slot, from, to).await?;
            ways.push((slot, from, to));
        }
        // What the new masters have never seen, they are asked for by name.
        for master in &self.masters {
            master.run::<Value>("SCRIPT FLUSH").await?;
        }
        let mut left = true;
        while left {
            left = false;
            for &(slot, from, to) in &ways {
                left |= self.move_one(slot, from, to).await?;
            }
        }
        for (slot, _, to) in ways {
            self.finish(slot, to).await?;
        }
        Ok(())
    }

    /// Tells whether the servers can move slots by themselves, whole.
    pub(crate) async fn moves_whole(&self) -> Result<bool, BoxError> {
        let told: Vec<Value> = self.masters[0].run("COMMAND INFO cluster|migrateslots").await?;
        Ok(told.iter().any(|found| !matches!(found, Value::Nil)))
    }

    /// Has the servers move slots to the next master, those of each master whole. What a server gives up, since the other
    /// one is slow, it is told again.
    pub(crate) async fn move_whole(&self, slots: &[u16]) -> Result<(), BoxError> {
        let mut all = vec![Vec::new(); self.masters.len()];
        for &slot in slots {
            all[self.owner(slot).await?].push(slot);
        }
        for (from, mut left) in all.into_iter().enumerate() {
            let (old, to) = (&self.masters[from], (from + 1) % self.masters.len());
            for _ in 0..TRIES {
                if left.is_empty() {
                    break;
                }
                let mut order = cmd("CLUSTER");
                order.arg("MIGRATESLOTS").arg("SLOTSRANGE");
                for slot in &left {
                    order.arg(slot).arg(slot);
                }
                old.admin.run::<Value>(order.arg("NODE").arg(&self.masters[to].id)).await?;
                until("the end of a move", || async { old.has_moved().await.is_ok_and(|moved| moved).then_some(()) })
                    .await;
                let mut stayed = Vec::new();
                for slot in left {
                    if self.owner(slot).await? != to {
                        stayed.push(slot);
                    }
                }
                left = stayed;
            }
            if !left.is_empty() {
                return Err(format!("{} slots do not leave", left.len()).into());
            }
        }
        until("agreement", || async { self.agree().await.is_ok_and(|agree| agree).then_some(()) }).await;
        Ok(())
    }
}

//! Processor time of processes.

use std::time::Duration;

use anyhow::Result;
use procfs::process::{Process, Stat, all_processes};

/// Gives what a process has used by itself.
pub(crate) fn of_one(process: i32) -> Result<Duration> {
    let stat = Process::new(process)?.stat()?;
    Ok(duration(stat.utime + stat.stime))
}

/// Gives what a process has used, with those that it started: a server such as PostgreSQL has one for each connection.
pub(crate) fn of_family(first: i32) -> Result<Duration> {
    let first = Process::new(first)?.stat()?;
    let ended = u64::try_from(first.cutime + first.cstime).unwrap_or(0);
    // One that ends while it is looked at is left out: the next look finds its time with the parent.
    let children = all_processes()?.flatten().filter_map(|process| process.stat().ok());
    let children = children.filter(|child| child.ppid == first.pid).map(|child: Stat| child.utime + child.stime);
    Ok(duration(first.utime + first.stime + ended + children.sum::<u64>()))
}

fn duration(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / procfs::ticks_per_second() as f64)
}

//! Something else that the machine has to do.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::{env, hint, thread};

/// Asks this program to be the load.
pub(crate) const ARGUMENT: &str = "load";

/// A process that keeps all cores busy until this is dropped.
pub(crate) struct Load(Child);

impl Load {
    pub(crate) fn start() -> io::Result<Self> {
        let this = env::current_exe()?;
        Command::new(this).arg(ARGUMENT).stdin(Stdio::piped()).spawn().map(Self)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // Its standard input ends with whoever started it, so it ends by itself should this not be reached.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Keeps all cores busy until nobody holds the other end of the standard input.
pub(crate) fn run() {
    let cores = thread::available_parallelism().map_or(1, Into::into);
    for _ in 0..cores {
        thread::spawn(|| {
            loop {
                hint::spin_loop();
            }
        });
    }
    let _ = io::stdin().read_to_end(&mut Vec::new());
}

//! A script, and how it is called.

use std::sync::OnceLock;

use redis::{Cmd, Pipeline, cmd};

/// One script, which has one key: Cluster takes no other kind.
#[derive(Debug)]
pub(crate) struct Script {
    text: &'static str,
    hash: OnceLock<String>,
}

/// Puts a script together. The prelude costs each call microseconds, so the verbs try their usual case ahead of it.
macro_rules! script {
    ($($part:literal),+) => {
        Script { text: concat!($(include_str!(concat!($part, ".lua"))),+), hash: OnceLock::new() }
    };
}

pub(crate) static PUT: Script = script!("put_usual", "prelude", "put");
pub(crate) static PUT_STAGED: Script = script!("put_staged", "prelude", "put");
pub(crate) static TOUCH: Script = script!("touch_usual", "prelude", "touch");
pub(crate) static DELETE: Script = script!("delete_usual", "prelude", "delete");
pub(crate) static ENTER: Script = script!("prelude", "enter");
pub(crate) static LEAVE: Script = script!("prelude", "leave");
pub(crate) static PAGE: Script = script!("prelude", "page");
pub(crate) static PRUNE: Script = script!("prelude", "prune");

/// A script with its key and arguments.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) script: &'static Script,
    pub(crate) key: &'a [u8],
    pub(crate) arguments: &'a [&'a [u8]],
    /// `None` if the arguments are all that there is.
    pub(crate) staged: Option<Staged<'a>>,
}

/// What a script finds under a name of its own and moves to its place: a string that is handed to a script costs the
/// server a nanosecond for each byte, while other clients wait.
#[derive(Clone, Copy)]
pub(crate) struct Staged<'a> {
    pub(crate) name: &'a str,
    pub(crate) bytes: &'a [u8],
}

impl Staged<'_> {
    /// From how many bytes on it is worth the two commands more.
    pub(crate) const LEAST: usize = 4 * 1_024;
    /// Milliseconds until it goes by itself, if the script never comes.
    const LIFE: u64 = 5_000;

    /// Puts the script's command between those that bring and remove what is staged.
    pub(crate) fn around(&self, command: Cmd) -> Pipeline {
        let (mut bring, mut remove) = (cmd("SET"), cmd("DEL"));
        bring.arg(self.name).arg(self.bytes).arg("PX").arg(Self::LIFE);
        remove.arg(self.name);
        let mut all = Pipeline::with_capacity(3);
        all.add_command(bring).add_command(command).add_command(remove);
        all
    }
}

impl Call<'_> {
    /// Calls the script by its hash.
    pub(crate) fn by_hash(&self) -> Cmd {
        let script = self.script;
        let hash = script.hash.get_or_init(|| redis::Script::new(script.text).get_hash().to_owned());
        self.command("EVALSHA", hash)
    }

    /// Sends the script whole; the server keeps it.
    pub(crate) fn whole(&self) -> Cmd {
        self.command("EVAL", self.script.text)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let length: usize = self.arguments.iter().map(|it| it.len()).sum();
        let mut command =
            Cmd::with_capacity(4 + self.arguments.len(), name.len() + script.len() + self.key.len() + length + 1);
        command.arg(name).arg(script).arg(1).arg(self.key);
        for argument in self.arguments {
            command.arg(*argument);
        }
        command
    }
}

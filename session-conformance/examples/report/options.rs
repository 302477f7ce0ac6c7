//! What the command line asks for.

use std::path::PathBuf;

use crate::column::Kind;

const TAKES: &str = "--markdown, --json, --badges FOLDER, --stores, --servers, --log FILE, --engines FOLDER [--readme], \
     --peers [--smoke | [NAME…] [--lines FILE]], or nothing";

/// How the tables are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Markdown,
    Json,
}

/// Which peers are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peers {
    /// These, or all if it names none; the stores' lines may be in a file already.
    Asked { names: Vec<String>, lines: Option<PathBuf> },
    /// Two, of which the table knows what comes of it.
    Smoke,
}

pub(crate) struct Options {
    pub(crate) format: Format,
    pub(crate) kinds: Vec<Kind>,
    /// What `cargo test` has told of already.
    pub(crate) log: String,
    /// Where `.ci/engines` has left what it ran, if that is to be told in place of all else.
    pub(crate) engines: Option<PathBuf>,
    /// Whether the README is compared with that.
    pub(crate) compared: bool,
    /// Which peers are to be asked, in place of all else.
    pub(crate) peers: Option<Peers>,
    /// Where a badge for each subject is to be written.
    pub(crate) badges: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            format: Format::Text,
            kinds: Vec::new(),
            log: String::new(),
            engines: None,
            compared: false,
            peers: None,
            badges: None,
        };
        while let Some(argument) = arguments.next() {
            match &*argument {
                "--log" => {
                    let file = arguments.next().ok_or("--log takes a file")?;
                    let bytes = std::fs::read(file).map_err(|error| format!("the log cannot be read: {error}"))?;
                    options.log = String::from_utf8_lossy(&bytes).into_owned();
                }
                "--engines" => options.engines = Some(arguments.next().ok_or("--engines takes a folder")?.into()),
                "--peers" => options.peers = Some(Peers::of(&mut arguments)?),
                "--readme" => options.compared = true,
                "--badges" => options.badges = Some(arguments.next().ok_or("--badges takes a folder")?.into()),
                "--markdown" => options.format = Format::Markdown,
                "--json" => options.format = Format::Json,
                "--stores" => options.kinds.push(Kind::Stores),
                "--servers" => options.kinds.push(Kind::Servers),
                other => return Err(format!("{other:?} is not known; it takes {TAKES}")),
            }
        }
        if options.kinds.is_empty() {
            options.kinds.extend(Kind::ALL);
        }
        Ok(options)
    }
}

impl Peers {
    fn of(arguments: &mut impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut names, mut lines) = (Vec::new(), None);
        while let Some(argument) = arguments.next() {
            match &*argument {
                "--smoke" => return Ok(Self::Smoke),
                "--lines" => lines = Some(arguments.next().ok_or("--lines takes a file")?.into()),
                _ => names.push(argument),
            }
        }
        Ok(Self::Asked { names, lines })
    }
}

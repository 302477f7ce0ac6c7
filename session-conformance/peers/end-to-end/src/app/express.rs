//! express-session with its Redis store, the measure from outside: a program of its own, for Node.js.

use std::process::Stdio;

use anyhow::{Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;

const FILES: [(&str, &str); 3] = [
    ("app.js", include_str!("../../express/app.js")),
    ("package.json", include_str!("../../express/package.json")),
    ("package-lock.json", include_str!("../../express/package-lock.json")),
];

/// The program with all that it needs, in a folder of its own.
#[derive(Debug)]
pub(crate) struct Express(TempDir);

impl Express {
    /// Installs it; `None` where Node.js or npm is missing.
    pub(crate) async fn install() -> Result<Option<Self>> {
        for program in ["node", "npm"] {
            if Command::new(program).arg("--version").stdout(Stdio::null()).status().await.is_err() {
                println!("express_session is left out: there is no {program}");
                return Ok(None);
            }
        }
        let folder = tempfile::tempdir()?;
        for (name, content) in FILES {
            std::fs::write(folder.path().join(name), content)?;
        }
        let mut install = Command::new("npm");
        install.args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(&folder);
        ensure!(install.status().await?.success(), "npm did not install express-session");
        Ok(Some(Self(folder)))
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("node");
        command.arg(self.0.path().join("app.js")).env("NODE_ENV", "production");
        command
    }
}

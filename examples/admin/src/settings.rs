//! How the app's store is set up: by flags, by the environment, by a file that the app shares, in this order.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use example_demo::StoreSettings;

use crate::args::StoreFlags;
use crate::failure::Failure;

/// Holds what is set.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// Each with the flag that it was given by.
    flags: Vec<(&'static str, &'static str, String)>,
    file: Vec<(String, String)>,
    environment: bool,
}

impl Settings {
    /// Reads what is set for the app's store.
    pub(crate) fn of_app(flags: &StoreFlags) -> Result<Self, Failure> {
        let path = flags.settings.clone().or_else(|| env::var_os("SESSION_SETTINGS").map(PathBuf::from));
        let given = flags.each().into_iter().filter_map(|(name, flag, value)| Some((name, flag, value?.to_owned())));
        let file = path.as_deref().map(read).transpose()?.unwrap_or_default();
        Ok(Self { flags: given.collect(), file, environment: true })
    }

    /// Reads what a file sets, and that alone.
    pub(crate) fn of_file(path: &Path) -> Result<Self, Failure> {
        Ok(Self { file: read(path)?, ..Self::default() })
    }

    /// Gives what a variable is set to.
    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        let flag = self.flags.iter().find(|(it, ..)| *it == name).map(|(.., value)| value.into());
        let from_file = || self.file.iter().rfind(|(it, _)| it == name).map(|(_, value)| value.into());
        flag.or_else(|| self.environment.then(|| env::var_os(name))?).or_else(from_file)
    }

    /// Gives it as a text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.variable(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// Gives how the store is set up.
    pub(crate) fn store(&self) -> Result<StoreSettings, Failure> {
        StoreSettings::from_variables(|name| self.variable(name)).map_err(|said| Failure::usage(self.named(said)))
    }

    /// Names what is wrong by the flag it was given by.
    pub(crate) fn named(&self, said: String) -> String {
        match self.flags.iter().find(|(name, ..)| said.starts_with(name)) {
            Some((name, flag, _)) => said.replacen(name, flag, 1),
            None => said,
        }
    }
}

/// Reads a file of settings, of what both systemd (`EnvironmentFile=`) and Docker (`--env-file`) read alike: `NAME=VALUE` on
/// each line, `#` before a comment. Nothing in a value means anything else; a value in quotes, of which Docker would keep them,
/// is refused.
fn read(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, &error))?;
    let mut set = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // Not quoted: it may hold a password.
        let wrong = |said| Failure::usage(format!("{}, line {}: {said}", path.display(), number + 1));
        let (name, value) = line.split_once('=').ok_or_else(|| wrong("a setting is NAME=VALUE"))?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(wrong("a name has letters, digits and `_`"));
        }
        if value.starts_with(['"', '\'']) {
            return Err(wrong("a value stands there without quotes"));
        }
        set.push((name.to_owned(), value.to_owned()));
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<Settings, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.env");
        std::fs::write(&path, text).unwrap();
        Settings::of_file(&path)
    }

    #[test]
    fn a_file_is_read_as_systemd_and_docker_read_it() {
        let settings =
            file("# the shop's\n\nSESSION_STORE=postgres://ann:a=b$c#d@db/shop?x=1\n  SESSION_TABLE=web\n").unwrap();
        assert_eq!(settings.text("SESSION_STORE").unwrap(), "postgres://ann:a=b$c#d@db/shop?x=1");
        assert_eq!(settings.text("SESSION_TABLE").unwrap(), "web");
        assert_eq!(settings.text("PATH"), None, "the environment is not asked");
    }

    #[test]
    fn what_they_read_differently_is_refused_by_its_line_and_not_quoted() {
        for wrong in ["SESSION_STORE", "=s3cret", "SESSION STORE=s3cret", "A=1\nSESSION_STORE=\"s3cret\"", "A='s3cret'"]
        {
            let said = file(wrong).unwrap_err().line();
            assert!(said.contains("line ") && !said.contains("s3cret"), "{said}");
        }
    }
}

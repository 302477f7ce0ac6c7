//! Takes the suites that peers have for their own stores out of their packages, as they stand there, for the tests to run
//! on ours. They are tests of the peers' and no part of what their libraries give.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../Cargo.lock");
    let metadata = metadata()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo says where to write")?);

    // A module of the library that is there for its own tests alone: the last of the file.
    let library = fs::read_to_string(folder(&metadata, "actix-session", "0.11.")?.join("src/lib.rs"))?;
    let (_, module) = library.split_once("pub mod test_helpers {").ok_or("actix-session has its suite where it was")?;
    let module = module.trim_end().strip_suffix('}').ok_or("its suite is the last of the file")?;
    let module = module.replace("test_helpers::key,", "").replace("crate::", "actix_session::");
    let module = module.replace("mod acceptance_tests {", "mod acceptance_tests {\n        use super::key;");
    fs::write(out.join("actix_session.rs"), module)?;

    let common = fs::read_to_string(folder(&metadata, "tower-sessions", "0.15.")?.join("tests/common/mod.rs"))?;
    fs::write(out.join("tower_sessions.rs"), common.replace("tower_sessions::", "tower_sessions_now::"))?;
    Ok(())
}

fn metadata() -> Result<Value, Box<dyn Error>> {
    let cargo = env::var_os("CARGO").ok_or("cargo says where it is")?;
    let told = Command::new(cargo).args(["metadata", "--format-version", "1", "--locked"]).output()?;
    if !told.status.success() {
        return Err(String::from_utf8_lossy(&told.stderr).into());
    }
    Ok(serde_json::from_slice(&told.stdout)?)
}

/// Gives the folder of a package's source, of the version that begins so.
fn folder(metadata: &Value, package: &str, version: &str) -> Result<PathBuf, Box<dyn Error>> {
    let packages = metadata["packages"].as_array().ok_or("there are packages")?;
    let is_it = |it: &Value| it["name"] == package && it["version"].as_str().is_some_and(|it| it.starts_with(version));
    let found = packages.iter().find(|it| is_it(it)).ok_or("the package is there")?;
    let manifest = found["manifest_path"].as_str().ok_or("a package has a manifest")?;
    Ok(Path::new(manifest).parent().ok_or("a manifest is in a folder")?.to_owned())
}

//! Why there is no server to test with.

use std::fmt;

use super::kind::Kind;

/// Why there is no server, and which ways there are to get one.
///
/// It shows no password: a URL from the environment is not repeated.
#[derive(Clone, Debug)]
pub struct ServerError {
    server: &'static str,
    ways: Vec<String>,
}

impl ServerError {
    pub(super) fn new(kind: &Kind, yours: &str, docker: &str, program: &str) -> Self {
        let ways = vec![
            format!("set {} to the URL of one: {yours}", kind.variable),
            format!("run Docker, for the image {}: {docker}", kind.image),
            install(kind, program),
        ];
        Self { server: kind.name, ways }
    }

    /// For one that is to be killed, which comes from its program alone.
    pub(super) fn alone(kind: &Kind, program: &str) -> Self {
        Self { server: kind.name, ways: vec![install(kind, program)] }
    }
}

fn install(kind: &Kind, program: &str) -> String {
    let programs: Vec<_> = kind.programs.iter().map(|names| names.join(" or ")).collect();
    format!("install {}: {program}", programs.join(" and "))
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = &*self.ways {
            return write!(f, "there is no {} for a test alone: {only}", self.server);
        }
        write!(f, "there is no {} to test with; there are three ways to get one", self.server)?;
        for (number, way) in (1..).zip(&self.ways) {
            write!(f, "\n  {number}. {way}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ServerError {}

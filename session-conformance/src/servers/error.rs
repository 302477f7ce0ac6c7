//! Why there is no server to test with.

use std::fmt;

use super::kind::Kind;

/// Says why there is no server, and which ways there are to get one.
///
/// It shows no password: a URL from the environment is not repeated.
#[derive(Clone, Debug)]
pub struct ServerError {
    server: &'static str,
    ways: [String; 3],
}

impl ServerError {
    pub(super) fn new(kind: &Kind, yours: &str, docker: &str, program: &str) -> Self {
        let ways = [
            format!("set {} to the URL of one: {yours}", kind.variable),
            format!("run Docker, for the image {}: {docker}", kind.image),
            format!("install {}: {program}", kind.programs.join(" and ")),
        ];
        Self { server: kind.name, ways }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no {} to test with; there are three ways to get one", self.server)?;
        for (number, way) in (1..).zip(&self.ways) {
            write!(f, "\n  {number}. {way}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ServerError {}

//! The correct store passes the whole suite.

mod support;

session_conformance::suite!(support::Correct);

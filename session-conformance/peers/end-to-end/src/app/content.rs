//! What every app keeps in a session, and where it does so: about 200 bytes, and a count that a browser adds to.

pub(super) const NAME: &str = "name";
pub(super) const CART: &str = "cart";
pub(super) const TOKEN: &str = "token";
pub(super) const VISITS: &str = "visits";

pub(super) const LOGIN: &str = "/login/{user}";
pub(super) const LOGOUT: &str = "/logout";
pub(super) const READ: &str = "/read";
pub(super) const WRITE: &str = "/write";

pub(super) fn name(user: u64) -> String {
    format!("Ada Lovelace {user}, 12 St James's Square")
}

pub(super) fn cart() -> Vec<u32> {
    (4_711_001..4_711_011).collect()
}

pub(super) fn token() -> String {
    "q83vEjRWeJC63P4QMlR2mLrc_hAyVHaYutz-EDJUdpg".to_owned()
}

/// What a page answers that found this in the session: the count, or nothing where there is none.
pub(super) fn page(name: Option<String>, visits: Option<u64>) -> String {
    match (name, visits) {
        (Some(_), Some(visits)) => visits.to_string(),
        _ => String::new(),
    }
}

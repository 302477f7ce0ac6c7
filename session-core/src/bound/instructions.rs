//! What browsers are told: which session it is, where it is refreshed, and which requests it is for.

use serde_json::{Value, json};

use super::devices::Devices;

impl Devices {
    /// Writes what answers a registration or a refresh that went well.
    pub(crate) fn instructions(&self, binding: &str) -> String {
        let excluded = self.config.excluded.iter().map(|path| rule(path));
        let mut said = json!({
            "session_identifier": binding,
            "refresh_url": self.refresh_path,
            "scope": { "include_site": false, "scope_specification": excluded.collect::<Vec<_>>() },
            "credentials": [{ "type": "cookie", "name": self.cookie_name, "attributes": self.attributes }],
        });
        if !self.config.initiators.is_empty() {
            said["allowed_refresh_initiators"] = self.config.initiators.clone().into();
        }
        said.to_string()
    }
}

/// Writes what answers a refresh of what is over: the browser forgets the key.
pub(crate) fn over(binding: &str) -> String {
    json!({ "session_identifier": binding, "continue": false }).to_string()
}

fn rule(path: &str) -> Value {
    json!({ "type": "exclude", "domain": "*", "path": path })
}

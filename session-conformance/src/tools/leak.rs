//! Whether a text shows a secret, in any of the forms in which bytes get printed.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use session_core::SessionKey;

/// Finds secrets in texts.
#[derive(Debug, Default)]
pub(crate) struct Leaks {
    /// What is secret, and how it may look once all but letters and digits is taken out.
    needles: Vec<(String, String)>,
    /// What is secret, and exactly how it looks.
    texts: Vec<(String, String)>,
}

impl Leaks {
    /// Adds a key; the first digits, which its own `Debug` shows, are no secret.
    pub(crate) fn key(&mut self, key: &SessionKey) {
        self.bytes("a whole key", key.as_bytes());
    }

    /// Adds a payload; 18 bytes of it in a row are too many.
    pub(crate) fn payload(&mut self, payload: &[u8]) {
        // In base64 a part looks the same wherever it stands only if it begins at a multiple of three.
        let last = payload.len().saturating_sub(18) / 3 * 3;
        for start in [0, last / 2 / 3 * 3, last] {
            let end = payload.len().min(start + 18);
            self.bytes("a payload", &payload[start..end]);
        }
    }

    /// Adds a text, which is looked for as it is.
    pub(crate) fn text(&mut self, what: &str, text: &str) {
        self.texts.push((what.to_owned(), text.to_owned()));
    }

    fn bytes(&mut self, what: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let each = |format: fn(&u8) -> String| bytes.iter().map(format).collect::<String>();
        let forms = [
            // As `{}`, and as `{:?}` writes a text, a slice, a `Bytes`, and a slice in hexadecimal.
            text.to_string(),
            format!("{text:?}"),
            each(u8::to_string),
            bytes.escape_ascii().to_string(),
            each(|byte| format!("{byte:x}")),
            // As databases and keys write them.
            each(|byte| format!("{byte:02x}")),
            each(|byte| format!("0x{byte:02x}")),
            STANDARD_NO_PAD.encode(bytes),
            URL_SAFE_NO_PAD.encode(bytes),
        ];
        // Little is left of some forms of some bytes, too little to tell a leak from chance.
        let needles = forms.iter().map(|form| plain(form)).filter(|form| form.len() >= 10);
        self.needles.extend(needles.map(|needle| (what.to_owned(), needle)));
    }

    /// Gives what the text shows; `None` if it shows no secret.
    pub(crate) fn find(&self, text: &str) -> Option<&str> {
        let plain = plain(text);
        let texts = self.texts.iter().filter(|(_, needle)| !needle.is_empty() && text.contains(needle));
        let needles = self.needles.iter().filter(|(_, needle)| plain.contains(needle));
        texts.chain(needles).map(|(what, _)| what.as_str()).next()
    }
}

/// Takes out what formats differ in: case, blanks, and all that stands between bytes.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaks() -> (Leaks, [u8; 32], Vec<u8>) {
        let key: [u8; 32] = std::array::from_fn(|at| (at * 37 + 200) as u8);
        let payload = b"a secret of the session, quite long".to_vec();
        let mut leaks = Leaks::default();
        leaks.key(&SessionKey::from_bytes(key));
        leaks.payload(&payload);
        leaks.text("the password", "hunter2");
        (leaks, key, payload)
    }

    #[test]
    fn every_usual_form_is_found() {
        let (leaks, key, payload) = leaks();
        let upper = key.map(|byte| format!("{byte:02X}")).concat();
        let forms = [
            format!("{key:?}"),
            format!("{key:#?}"),
            format!("{key:x?}"),
            format!("{key:02X?}"),
            key.map(|byte| format!("{byte:02x}")).join(":"),
            format!("duplicate key \\x{}", upper.to_lowercase()),
            upper,
            SessionKey::from_bytes(key).encode(),
            STANDARD_NO_PAD.encode(key),
            format!("{:?}", String::from_utf8_lossy(&key)),
            format!("{:?}", session_core::Bytes::from(key.to_vec())),
            format!("{payload:?}"),
            String::from_utf8_lossy(&payload).into_owned(),
            format!("near `{}`", String::from_utf8_lossy(&payload[..20])),
            STANDARD_NO_PAD.encode(&payload),
            "redis://:hunter2@localhost".to_owned(),
        ];
        for form in forms {
            assert!(leaks.find(&form).is_some(), "{form}");
        }
    }

    #[test]
    fn what_may_be_shown_is_not_found() {
        let (leaks, key, payload) = leaks();
        let key = SessionKey::from_bytes(key);
        for shown in [format!("{key:?}"), format!("{} bytes", payload.len()), "the store is full".to_owned()] {
            assert_eq!(leaks.find(&shown), None, "{shown}");
        }
    }
}

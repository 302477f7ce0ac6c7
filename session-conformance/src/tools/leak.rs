//! Whether a text shows a secret, in any of the forms in which bytes get printed.

use data_encoding::{BASE32_NOPAD, BASE32HEX_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, Encoding, Specification};
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

    /// Adds a payload; 20 bytes of it in a row are too many.
    pub(crate) fn payload(&mut self, payload: &[u8]) {
        // In base64 a part looks the same wherever it stands only if it begins at a multiple of three, and in base32 of
        // five.
        const STEP: usize = 15;
        let last = payload.len().saturating_sub(20) / STEP * STEP;
        for start in [0, last / 2 / STEP * STEP, last] {
            let end = payload.len().min(start + 20);
            self.bytes("a payload", &payload[start..end]);
        }
    }

    /// Adds a text, which is looked for as it is.
    pub(crate) fn text(&mut self, what: &str, text: &str) {
        self.texts.push((what.to_owned(), text.to_owned()));
    }

    fn bytes(&mut self, what: &str, bytes: &[u8]) {
        let reversed: Vec<_> = bytes.iter().rev().copied().collect();
        // A number is written from its other end where it is kept in little endian.
        for forms in [forms(bytes), forms(&reversed)] {
            // Little is left of some forms of some bytes, too little to tell a leak from chance.
            let needles = forms.iter().map(|form| plain(form)).filter(|form| form.len() >= 10);
            self.needles.extend(needles.map(|needle| (what.to_owned(), needle)));
        }
    }

    /// Gives what the text shows; `None` if it shows no secret.
    pub(crate) fn find(&self, text: &str) -> Option<&str> {
        let plain = plain(text);
        let texts = self.texts.iter().filter(|(_, needle)| !needle.is_empty() && text.contains(needle));
        let needles = self.needles.iter().filter(|(_, needle)| plain.contains(needle));
        texts.chain(needles).map(|(what, _)| what.as_str()).next()
    }
}

/// Writes bytes in every form in which they get printed.
fn forms(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let each = |format: fn(&u8) -> String| bytes.iter().map(format).collect::<String>();
    let mut forms = vec![
        // As `{}`, and as `{:?}` writes a text, a slice, a `Bytes`, and a slice in hexadecimal or binary.
        text.to_string(),
        format!("{text:?}"),
        each(u8::to_string),
        bytes.escape_ascii().to_string(),
        each(|byte| format!("{byte:x}")),
        each(|byte| format!("{byte:b}")),
        // As databases and keys write them.
        each(|byte| format!("{byte:02x}")),
        each(|byte| format!("0x{byte:02x}")),
        each(|byte| format!("{byte:08b}")),
        // As one number.
        decimal(bytes),
    ];
    forms.extend([BASE64_NOPAD, BASE64URL_NOPAD, BASE32_NOPAD, BASE32HEX_NOPAD].map(|it| it.encode(bytes)));
    forms.extend(OTHER_BASE32.iter().filter_map(|symbols| Some(encoding(symbols)?.encode(bytes))));
    forms
}

/// Crockford's base32, and Zooko's.
const OTHER_BASE32: [&str; 2] = ["0123456789abcdefghjkmnpqrstvwxyz", "ybndrfg8ejkmcpqxot1uwisza345h769"];

fn encoding(symbols: &str) -> Option<Encoding> {
    let mut specification = Specification::new();
    specification.symbols.push_str(symbols);
    specification.encoding().ok()
}

/// Writes bytes as one decimal number, the most significant first.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0_u8];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 10) as u8;
            carry /= 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
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
        let mut reversed = key;
        reversed.reverse();
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
            BASE64_NOPAD.encode(&key),
            BASE32_NOPAD.encode(&key).to_lowercase(),
            BASE32HEX_NOPAD.encode(&key),
            encoding(OTHER_BASE32[0]).expect("an alphabet").encode(&key),
            key.map(|byte| format!("{byte:08b}")).join(" "),
            reversed.map(|byte| format!("{byte:02x}")).concat(),
            format!("{reversed:?}"),
            decimal(&key),
            decimal(&reversed),
            format!("{:?}", String::from_utf8_lossy(&key)),
            format!("{:?}", session_core::Bytes::from(key.to_vec())),
            format!("{payload:?}"),
            String::from_utf8_lossy(&payload).into_owned(),
            format!("near `{}`", String::from_utf8_lossy(&payload[..20])),
            BASE64_NOPAD.encode(&payload),
            "redis://:hunter2@localhost".to_owned(),
        ];
        for form in forms {
            assert!(leaks.find(&form).is_some(), "{form}");
        }
    }

    #[test]
    fn bytes_are_one_decimal_number() {
        assert_eq!(decimal(&[0, 0]), "0");
        assert_eq!(decimal(&[1, 0]), "256");
        assert_eq!(decimal(&u128::MAX.to_be_bytes()), u128::MAX.to_string());
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

//! How keys are named in a failure: by a few of their digits, and by more where two would look alike.

use std::collections::BTreeSet;

const START: &str = "SessionKey(";
const DIGITS: usize = 64;
/// How many digits a name has at its beginning, and where that is not enough at its end.
const SHOWN: usize = 8;

/// Shortens each key in the texts of one failure, which name them whole.
pub(crate) fn shorten<'a>(texts: impl IntoIterator<Item = &'a mut String>) {
    let texts: Vec<_> = texts.into_iter().collect();
    let keys: BTreeSet<String> = texts.iter().flat_map(|text| whole(text)).map(str::to_owned).collect();
    for text in texts {
        let mut told = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(key) = whole(rest).next() {
            let (before, after) = rest.split_once(key).unwrap_or((rest, ""));
            told.push_str(before);
            told.push_str(&name(key, &keys));
            rest = after;
        }
        told.push_str(rest);
        *text = told;
    }
}

/// Finds the digits of the keys that a text names whole.
fn whole(text: &str) -> impl Iterator<Item = &str> {
    text.split(START).skip(1).filter_map(|rest| {
        let (digits, _) = rest.split_once(')')?;
        (digits.len() == DIGITS && digits.bytes().all(|it| it.is_ascii_hexdigit())).then_some(digits)
    })
}

fn name(key: &str, keys: &BTreeSet<String>) -> String {
    let (start, end) = (&key[..SHOWN], &key[DIGITS - SHOWN..]);
    let alike = || keys.iter().filter(|it| it.starts_with(start));
    match (alike().count(), alike().filter(|it| it.ends_with(end)).count()) {
        (..=1, _) => format!("{start}…"),
        (_, ..=1) => format!("{start}…{end}"),
        _ => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(digits: &[&str]) -> Vec<String> {
        let mut texts: Vec<_> = digits.iter().map(|it| format!("get SessionKey({it}) → None")).collect();
        shorten(&mut texts);
        texts
    }

    #[test]
    fn a_key_is_named_by_its_first_digits() {
        let (one, other) = ("1a".repeat(32), "2b".repeat(32));
        let told = shortened(&[&one, &other, &one]);
        assert_eq!(told[0], "get SessionKey(1a1a1a1a…) → None");
        assert_eq!(told[1], "get SessionKey(2b2b2b2b…) → None");
        assert_eq!(told[2], told[0]);
    }

    #[test]
    fn keys_that_differ_late_do_not_look_alike() {
        let zero = "0".repeat(64);
        let (late, middle) = (format!("{}1", &zero[1..]), format!("{}1{}", &zero[..32], &zero[33..]));
        let told = shortened(&[&zero, &late]);
        assert_eq!(told[0], "get SessionKey(00000000…00000000) → None");
        assert_eq!(told[1], "get SessionKey(00000000…00000001) → None");
        let told = shortened(&[&zero, &middle, &late]);
        assert_eq!(told[0], format!("get SessionKey({zero}) → None"));
        assert_eq!(told[1], format!("get SessionKey({middle}) → None"));
        assert_eq!(told[2], "get SessionKey(00000000…00000001) → None");
    }

    #[test]
    fn a_list_is_shortened_key_by_key_and_what_is_short_is_left() {
        let mut text = format!("[SessionKey({}), SessionKey({})], SessionKey(0a0b…)", "1a".repeat(32), "2b".repeat(32));
        shorten([&mut text]);
        assert_eq!(text, "[SessionKey(1a1a1a1a…), SessionKey(2b2b2b2b…)], SessionKey(0a0b…)");
    }
}

//! A statement of PostgreSQL with its values in it.
//!
//! It goes as one message of the simple protocol, which is one transaction and has no name. So nothing between the store and the
//! server can take it for another one, nor send half of it elsewhere. Values are numbers, and bytes by their digits: there is
//! nothing to escape.

use std::fmt::Write;

use crate::dialect::Value;
use crate::guard::Statement;

/// Gives the text; `None` for a statement that is prepared.
pub(crate) fn inline(sql: &Statement, values: &[Value<'_>]) -> Option<String> {
    if !sql.inline {
        return None;
    }
    let guard = sql.guard.map(Value::Number);
    let values: Vec<_> = values.iter().copied().chain(guard).collect();
    let bytes: usize =
        values.iter().map(|value| if let Value::Bytes(bytes) = value { 2 * bytes.len() } else { 0 }).sum();
    let mut text = String::with_capacity(sql.text.len() + 32 * values.len() + bytes);
    let mut parts = sql.text.split('$');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(digits);
        let number: usize = number.parse().expect("a `$` is a value's, by its number");
        push(&mut text, values[number - 1]);
        text.push_str(rest);
    }
    Some(text)
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Writes a value as a constant of its type, whatever the server takes a backslash for.
fn push(text: &mut String, value: Value<'_>) {
    match value {
        // It cannot fail.
        Value::Number(number) => drop(write!(text, "'{number}'::bigint")),
        Value::Bytes(bytes) => {
            text.push_str("decode('");
            for byte in bytes {
                text.push(char::from(DIGITS[usize::from(byte >> 4)]));
                text.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
            text.push_str("', 'hex')");
        }
        Value::Absent => text.push_str("NULL::bytea"),
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn each_value_stands_where_its_number_does() {
        let sql = Statement { text: "a = $2 AND b > $10 - $1, $3".into(), guard: Some(7), inline: true };
        let values = [Value::Bytes(b"'\\\0"), Value::Number(i64::MIN), Value::Absent];
        let values: Vec<_> = values.into_iter().chain([Value::Number(0); 6]).collect();
        let expected = "a = '-9223372036854775808'::bigint AND b > '7'::bigint - decode('275c00', 'hex'), NULL::bytea";
        assert_eq!(inline(&sql, &values).as_deref(), Some(expected));
        assert!(inline(&Statement { inline: false, ..sql }, &values).is_none());
    }
}

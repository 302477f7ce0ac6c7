//! One session: what it contains, and how it is changed; or all of an owner's, changed alike.

use serde_json::{Map, Value, json};
use session_core::{Draft, SessionError, Sessions};

use crate::args::Target;
use crate::backend::patiently;
use crate::failure::Failure;
use crate::owned::{owner, parse};
use crate::report::{Report, described, rows};

/// Tells what a session contains: its values only if they were asked for, since they may be private.
pub(crate) async fn get(sessions: &Sessions, key: &str, values: bool) -> Result<Report, Failure> {
    let key = &parse(key)?;
    let Some(session) = patiently(|| sessions.get(key)).await? else {
        return Ok(Report::none("there is no such session"));
    };
    let names = session.keys();
    let (mut result, mut rows) = (described(session.info()), rows(session.info()));
    if values {
        let mut shown = Map::new();
        for name in &names {
            if let Some(value) = session.get::<Value>(name.as_str())? {
                rows.push(vec![format!("value {name}"), value.to_string()]);
                shown.insert(name.clone(), value);
            }
        }
        result.insert("values".to_owned(), shown.into());
    } else {
        rows.push(vec!["values".to_owned(), names.join(", ")]);
    }
    result.insert("names".to_owned(), json!(names));
    Ok(Report::table(&["session", ""], rows, result.into()))
}

/// Sets a value.
pub(crate) async fn set(sessions: &Sessions, target: &Target, name: &str, value: &str) -> Result<Report, Failure> {
    // What is wrong is not quoted: it may be a secret.
    let value: Value = serde_json::from_str(value).map_err(|error| {
        Failure::Usage(format!("the value is no JSON, from column {}; a text stands in double quotes", error.column()))
    })?;
    change(sessions, target, |draft| draft.insert(name, &value)).await
}

/// Removes a value.
pub(crate) async fn unset(sessions: &Sessions, target: &Target, name: &str) -> Result<Report, Failure> {
    change(sessions, target, |draft| draft.remove(name)).await
}

/// Changes one session, or all of an owner's, merged with what their requests write meanwhile.
async fn change(
    sessions: &Sessions,
    target: &Target,
    change: impl Fn(&mut Draft) -> Result<(), SessionError> + Send + Sync,
) -> Result<Report, Failure> {
    let changed = match (&target.key, &target.owner) {
        (Some(key), _) => {
            let key = &parse(key)?;
            // Either of them may be made again: it comes to the same.
            patiently(|| sessions.modify(key, &change)).await?.map_or(0, |()| 1)
        }
        (None, name) => {
            let owner = &owner(name.as_deref().unwrap_or_default())?;
            patiently(|| sessions.modify_owned(owner, &change)).await?
        }
    };
    Ok(Report::figures(json!({ "changed": changed })).no_if(changed == 0))
}

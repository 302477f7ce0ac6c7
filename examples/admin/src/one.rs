//! One session: what it contains, and how it is changed; or all of an owner's, changed alike.

use serde_json::{Map, Value, json};
use session_core::{
    Clock, Codec, Draft, Owner, Record, RecordHead, SessionError, SessionKey, Sessions, StoreError, SystemClock,
    Timestamp,
};

use crate::app::{AppCodec, Names};
use crate::args::Target;
use crate::backend::{Backend, patiently};
use crate::failure::Failure;
use crate::owned::{of_the_app, owner, parse};
use crate::report::{Report, described, rows};

/// Tells what a session contains: its values only if they were asked for, since they may be private.
pub(crate) async fn get(
    backend: &Backend,
    sessions: &Sessions,
    codec: &AppCodec,
    logged: &Names,
    key: &str,
    values: bool,
) -> Result<Report, Failure> {
    let key = &parse(key)?;
    let Some(session) = patiently(|| sessions.get(key)).await? else {
        return instead(backend, codec, key).await;
    };
    let names = session.keys();
    let (mut result, mut rows) = (described(session.info()), rows(session.info()));
    result.insert("state".to_owned(), json!("live"));
    // Renewed since: what was asked for leads to it.
    let stands_at = session.info().session_key();
    if let Some(record) = patiently(|| backend.store.get(&stands_at)).await? {
        rows.push(vec!["bytes".to_owned(), record.payload.len().to_string()]);
        result.insert("payload_bytes".to_owned(), json!(record.payload.len()));
    }
    if let Some(name) = logged.name(&stands_at) {
        rows.push(vec!["in logs".to_owned(), name.to_string()]);
        result.insert("fingerprint".to_owned(), json!(name.to_string()));
    }
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

/// Tells what stands under a key that is no session of the app's.
async fn instead(backend: &Backend, codec: &AppCodec, key: &SessionKey) -> Result<Report, Failure> {
    let now = SystemClock.now();
    let (state, said, record) = match patiently(|| backend.store.get(key)).await {
        Ok(None) => {
            backend.refuse_if_empty().await?;
            ("absent", "nothing stands under that key", None)
        }
        Ok(Some(record)) => match state(codec, key, &record, now) {
            "live" => ("other_app", "it is a session of another app on the store: see --cookie", Some(record)),
            "retired" => ("retired", "the session has ended, or was given another id", Some(record)),
            "expired" => ("expired", "the session is past its deadline", Some(record)),
            state => (state, "what stands there cannot be read here", Some(record)),
        },
        Err(StoreError::Corrupt { .. } | StoreError::UnknownFormat { .. }) => {
            ("unreadable", "what stands there cannot be read", None)
        }
        Err(error) => return Err(error.into()),
    };
    let of = record.as_deref();
    let result = json!({
        "key": key.encode(),
        "state": state,
        "owner": of.and_then(|record| record.owner.as_ref()).map(Owner::as_str),
        "created_at": of.map(|record| record.created_at),
        "last_seen_at": of.map(|record| record.last_seen_at),
        "expires_at": of.map(|record| record.expires_at),
    });
    Ok(Report::none(said, result))
}

/// Tells in a word what a record is.
pub(crate) fn state(codec: &AppCodec, key: &SessionKey, record: &Record, now: Timestamp) -> &'static str {
    if !record.is_live_at(now) {
        return "expired";
    }
    match codec.decode(&RecordHead::of(key, record, now), &record.payload) {
        Ok(payload) if payload.is_retired() => "retired",
        Ok(_) => "live",
        Err(_) => "unreadable",
    }
}

/// Sets a value.
pub(crate) async fn set(
    backend: &Backend,
    sessions: &Sessions,
    target: &Target,
    name: &str,
    value: &str,
) -> Result<Report, Failure> {
    // What is wrong is not quoted: it may be a secret.
    let value: Value = serde_json::from_str(value).map_err(|error| {
        Failure::usage(format!("the value is no JSON, from column {}; a text stands in double quotes", error.column()))
    })?;
    change(backend, sessions, target, |draft| draft.insert(name, &value)).await
}

/// Removes a value.
pub(crate) async fn unset(
    backend: &Backend,
    sessions: &Sessions,
    target: &Target,
    name: &str,
    dry: bool,
) -> Result<Report, Failure> {
    if !dry {
        return change(backend, sessions, target, |draft| draft.remove(name)).await;
    }
    let keys = match (&target.key, &target.owner) {
        (Some(key), _) => vec![parse(key)?],
        (None, name) => of_the_app(sessions, &owner(name.as_deref().unwrap_or_default())?).await?.into_iter().collect(),
    };
    let mut found = 0;
    for key in &keys {
        let session = patiently(|| sessions.get(key)).await?;
        found += u64::from(session.is_some_and(|session| session.keys().iter().any(|it| it == name)));
    }
    if found == 0 {
        backend.refuse_if_empty().await?;
    }
    Ok(Report::figures(json!({ "found": found, "changed": 0 })).no_if(found == 0))
}

/// Changes one session, or all of an owner's, merged with what their requests write meanwhile.
async fn change(
    backend: &Backend,
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
    if changed == 0 {
        backend.refuse_if_empty().await?;
    }
    Ok(Report::figures(json!({ "changed": changed })).no_if(changed == 0))
}

//! Sessions that are bound to the visitor's device, as the environment sets it.

use session_core::{DeviceBound, OnUnproven, SecretKeys};

use crate::variables::Variables;

/// Reads whether sessions are bound to devices. What the browser holds is known again by its MAC, so it takes keys that
/// outlive the process.
pub(crate) fn bound(variables: &Variables<'_>) -> Result<Option<DeviceBound>, String> {
    let policy = match variables.choice("SESSION_BOUND", &["no", "refuse", "step-up", "log"])? {
        0 => return Ok(None),
        1 => OnUnproven::Refuse,
        2 => OnUnproven::StepUp,
        _ => OnUnproven::Log,
    };
    let keys = SecretKeys::from_variables("SESSION_KEYS", variables.0).map_err(|error| error.to_string())?;
    let keys = keys.ok_or("SESSION_BOUND needs keys: SESSION_KEYS")?;
    // What never asks for its session waits for no refresh.
    let bound = DeviceBound::new(keys.signing_keys()).on_unproven(policy).exclude("/style.css").exclude("/app.js");
    Ok(Some(bound.exclude("/icon.svg")))
}

//! Makes [`Sessions`] of their settings, and refuses what cannot work.

use std::sync::Arc;
use std::time::Duration;

use super::{BuildError, SessionsBuilder};
use crate::cookie::Cookies;
use crate::cookie::syntax::is_token;
use crate::engine::{Clearing, Engine, Next, Once, Renewal, Sessions, Settling, Turns, Watching};
#[cfg(feature = "near")]
use crate::engine::{ConflictPolicy, Near, NearCache};
use crate::request::LONGEST_LOOK;
#[cfg(feature = "near")]
use crate::store::{SessionStore, Tells};

/// How long an old id may serve once the new one has been presented.
const MOST_OVERLAP: Duration = Duration::from_secs(60);

/// How long after its end a session's id is a straggler's, unless set.
const STRAGGLER_WINDOW: Duration = Duration::from_secs(10);

/// The scope of the cookie's default name.
const DEFAULT_SCOPE: &str = "session";

impl SessionsBuilder {
    /// Checks the settings, and makes the sessions.
    ///
    /// # Errors
    /// [`BuildError`] if they cannot work; it says what to do.
    pub fn build(self) -> Result<Sessions, BuildError> {
        self.expiry.check().map_err(BuildError::Expiry)?;
        let touch_interval = match (self.touch_interval, self.expiry.idle) {
            (Some(interval), Some(idle)) if interval >= idle => return Err(BuildError::TouchInterval),
            (Some(interval), _) => Some(interval),
            (None, _) => self.expiry.touch_interval(),
        };
        if self.operation_timeout.is_zero() {
            return Err(BuildError::Zero { setting: "the operation timeout" });
        }
        let straggler_window = self.straggler_window.unwrap_or(STRAGGLER_WINDOW.max(self.operation_timeout));
        if straggler_window < self.operation_timeout {
            return Err(BuildError::StragglerWindow { min: self.operation_timeout });
        }
        if self.look_every.is_zero() || self.look_every > LONGEST_LOOK {
            return Err(BuildError::LookEvery { max: LONGEST_LOOK });
        }
        if self.max_payload == 0 {
            return Err(BuildError::Zero { setting: "the largest payload" });
        }
        if self.owner_limit.is_some() && self.store.owners().is_none() {
            let setting = "a maximum of sessions per owner";
            return Err(BuildError::Unsupported { setting, capability: "an index by owner" });
        }
        let overlap = self.renewal_overlap;
        let renewal = self.renew_every.map(|every| Renewal { every, overlap });
        if renewal.is_some_and(|renewal| overlap > MOST_OVERLAP || overlap >= renewal.every) {
            return Err(BuildError::RenewalOverlap { max: MOST_OVERLAP });
        }
        let mut observer = self.observer;
        if let Some(page) = &self.login_page {
            let is_page = |path: &str| Next::new(path).is_some() && !path.contains('#');
            if let Some(path) =
                [Some(&page.path), page.step_up.as_ref()].into_iter().flatten().find(|path| !is_page(path))
            {
                return Err(BuildError::LoginPage { path: path.to_string() });
            }
        }
        let clear_site_data = (!self.clear_site_data.is_empty())
            .then(|| self.clear_site_data.iter().map(|data| data.as_str()).collect::<Vec<_>>().join(", ").into());
        let cookies = self.cookie.build()?;
        let scope = scope(self.scope, &cookies)?;
        observer.set_names(&scope, self.store.system());
        #[cfg(feature = "metrics")]
        let counted = self.metrics.then_some(if scope.is_empty() { DEFAULT_SCOPE } else { &*scope });
        #[cfg(all(feature = "near", not(feature = "metrics")))]
        let counted = None;
        #[cfg(feature = "metrics")]
        if let Some(scope) = counted {
            observer.count(scope);
        }
        #[cfg(feature = "near")]
        let near = self.near.map(|near| near_cache(near, &*self.store, self.conflict_policy, counted)).transpose()?;
        #[cfg(not(feature = "near"))]
        let near = None;
        #[cfg(feature = "device-bound")]
        let devices = match self.device_bound {
            Some(bound) => Some(crate::bound::Devices::new(bound, &cookies).map_err(BuildError::DeviceBound)?),
            None => None,
        };
        Ok(Sessions::new(Engine {
            max_payload: self.max_payload.min(self.store.limits().max_payload),
            store: self.store,
            cookies,
            scope,
            expiry: self.expiry,
            not_before: self.not_before,
            touch_interval,
            codec: self.codec,
            clock: self.clock,
            random: self.random,
            conflict_policy: self.conflict_policy,
            failure_policy: self.failure_policy,
            gone_policy: self.gone_policy,
            on_server_error: self.on_server_error,
            operation_timeout: self.operation_timeout,
            owner_limit: self.owner_limit,
            turns: Turns::new(),
            observer,
            renewal,
            #[cfg(feature = "device-bound")]
            devices,
            straggler_window,
            settling: Settling::default(),
            clearing: Arc::<Clearing>::default(),
            name: self.name,
            watching: Watching::new(near),
            look_every: self.look_every,
            plain_http: Once::default(),
            several_sessions: Once::default(),
            clear_site_data,
            #[cfg(feature = "_web")]
            login_page: self.login_page,
        }))
    }
}

/// Makes the near cache, where the store tells what it needs to be told.
#[cfg(feature = "near")]
fn near_cache(
    near: Near,
    store: &dyn SessionStore,
    policy: ConflictPolicy,
    counted: Option<&str>,
) -> Result<NearCache, BuildError> {
    if near.max_bytes == 0 {
        return Err(BuildError::Zero { setting: "the size of the near cache" });
    }
    let fits = |age: Duration, max| if age.is_zero() || age > max { Err(BuildError::NearAge { max }) } else { Ok(()) };
    fits(near.max_age, Near::MOST_AGE)?;
    let tells = store.watch().map(|watch| watch.tells());
    match near.stale_reads {
        Some(age) => {
            fits(age, Near::MOST_STALE)?;
            if policy != ConflictPolicy::Merge {
                return Err(BuildError::StaleReads { policy });
            }
        }
        None if tells != Some(Tells::Changes) => return Err(BuildError::NearUntold { max: Near::MOST_STALE }),
        None => {}
    }
    Ok(NearCache::new(near, tells, counted))
}

/// The longest name of a scope. It stands in every payload.
const MAX_SCOPE_LEN: usize = 255;

/// Gives the scope as payloads have it: that of the default name is empty, and takes no room.
fn scope(named: Option<String>, cookies: &Cookies) -> Result<String, BuildError> {
    let scope = match named {
        None => cookies.base_name().to_owned(),
        Some(name) if (1..=MAX_SCOPE_LEN).contains(&name.len()) && name.bytes().all(is_token) => name,
        Some(name) => return Err(BuildError::Scope { name, max: MAX_SCOPE_LEN }),
    };
    Ok(if scope == DEFAULT_SCOPE { String::new() } else { scope })
}

//! Which sessions the application has fairings for, told before it is launched.

use std::any::{TypeId, type_name};
use std::sync::{Mutex, PoisonError};

use rocket::{Build, Ignite, Rocket, Sentinel};

use super::super::{SessionOf, SessionRejection, SignedIn, SignedInWithin};
use crate::engine::Sessions;
use crate::request::LazySession;
use crate::session::Session;

/// The sessions that have a fairing. The application manages it.
struct Attached(Mutex<Vec<Sessions>>);

/// Takes note of a fairing.
pub(super) fn attach(rocket: Rocket<Build>, sessions: &Sessions) -> Rocket<Build> {
    let Some(attached) = rocket.state::<Attached>() else {
        return rocket.manage(Attached(Mutex::new(vec![sessions.clone()])));
    };
    attached.0.lock().unwrap_or_else(PoisonError::into_inner).push(sessions.clone());
    rocket
}

fn is_attached(rocket: &Rocket<Ignite>, wanted: impl Fn(&Sessions) -> bool) -> bool {
    rocket
        .state::<Attached>()
        .is_some_and(|Attached(sessions)| sessions.lock().unwrap_or_else(PoisonError::into_inner).iter().any(wanted))
}

/// Says what `guard` lacks. Rocket says on which line it is asked for.
fn lacks(guard: &'static str, rejection: &SessionRejection) {
    tracing::error!("a route asks for `{guard}`, but {rejection}");
}

fn lacks_any<T>(rocket: &Rocket<Ignite>) -> bool {
    let lacks_it = !is_attached(rocket, |_| true);
    if lacks_it {
        lacks(type_name::<T>(), &super::guards::NOT_OPENED);
    }
    lacks_it
}

/// Aborts the launch where no [`SessionFairing`](super::SessionFairing) is attached.
impl Sentinel for LazySession {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        lacks_any::<Self>(rocket)
    }
}

/// Aborts the launch where no [`SessionFairing`](super::SessionFairing) is attached.
impl Sentinel for Session {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        lacks_any::<Self>(rocket)
    }
}

/// Aborts the launch where no [`SessionFairing`](super::SessionFairing) is attached.
impl Sentinel for SignedIn {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        lacks_any::<Self>(rocket)
    }
}

/// Aborts the launch where no [`SessionFairing`](super::SessionFairing) is attached.
impl<const SECONDS: u64> Sentinel for SignedInWithin<SECONDS> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        lacks_any::<Self>(rocket)
    }
}

/// Aborts the launch where no [`SessionFairing`](super::SessionFairing) of that name is attached.
impl<N: 'static> Sentinel for SessionOf<N> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        let lacks_it = !is_attached(rocket, |sessions| sessions.engine().name == Some(TypeId::of::<N>()));
        if lacks_it {
            lacks(type_name::<Self>(), &SessionRejection::NotNamed { name: type_name::<N>() });
        }
        lacks_it
    }
}

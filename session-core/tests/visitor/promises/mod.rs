//! What must hold once all answers are delivered, or lost.
//!
//! | | |
//! |---|---|
//! | `shown` | what a request is shown, and what it may be refused for |
//! | `written` | what was acknowledged as written is there, and nothing passes from owner to owner |
//! | `ended` | what was acknowledged as ended is over, and no more than that |
//! | `logins` | a login is in effect |
//! | `onward` | what a visitor meets who goes on |

mod ended;
mod logins;
mod onward;
mod shown;
mod written;

use std::collections::HashSet;
use std::fmt::{self, Display};

use session_core::{LazySession, RequestHead, Session, SessionId, SessionKey};

use super::act::{Act, whose};
use super::told::Told;
use super::world::World;

impl World {
    /// Checks all promises; `order` is that in which the tasks made their steps.
    pub(crate) async fn keeps_its_promises(self, order: &[usize]) {
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        let ids: Vec<_> = told.iter().filter_map(|told| told.cookie.id()).chain(self.had.all()).collect();
        let mut run = Judged { world: &self, told: &told, ids, opened: Vec::new(), order };
        run.opened = run.look_by_all_ids().await;
        run.each_is_shown_the_session_of_its_cookies();
        run.nobody_met_an_error_for_nothing();
        run.who_cannot_read_leaves_alone();
        run.an_end_that_was_acknowledged_is_an_end();
        run.what_is_not_to_end_lives();
        run.a_write_that_was_acknowledged_is_there();
        run.nothing_passes_from_owner_to_owner();
        run.nobody_is_signed_out_for_nothing().await;
        run.a_login_is_in_effect().await;
        run.an_owner_has_no_session_too_many().await;
        run.nobody_is_stuck().await;
    }
}

/// A session that an id opens.
struct Opened {
    key: SessionKey,
    whose: String,
    session: Session,
}

impl Opened {
    /// Gives all that says whose it was.
    fn marks(&self) -> Vec<String> {
        let values = self.session.keys().into_iter().map(|key| self.session.get(key.as_str()).unwrap().unwrap());
        values.chain(self.session.take_flash().unwrap().into_iter().map(|flash| flash.message)).collect()
    }
}

/// A run that is over, before anybody goes on.
struct Judged<'a> {
    world: &'a World,
    told: &'a [Told],
    /// All that were ever given to a browser.
    ids: Vec<&'a SessionId>,
    /// What they open.
    opened: Vec<Opened>,
    order: &'a [usize],
}

/// Says what went before, where a promise is broken.
impl Display for Judged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let World { scene, had, renewed, .. } = self.world;
        let renewed = renewed.lock().unwrap();
        let had = had.all().map(SessionId::key).collect::<Vec<_>>();
        write!(f, "{scene:?} in the order {:?}: ", self.order)?;
        write!(f, "{:#?}, renewed {renewed:?}, had {had:?}", self.told)
    }
}

impl Judged<'_> {
    /// Tells whether a request of this kind is among those that were made, and was not refused since its server could not
    /// read what it came with.
    fn acts(&self, is: impl Fn(Act) -> bool) -> bool {
        let acts = self.world.scene.acts.iter().enumerate();
        let left_alone = |number| self.told.iter().any(|told| told.number == number && told.is_left_alone());
        acts.into_iter().any(|(number, act)| is(*act) && !left_alone(number))
    }

    /// Looks what an id opens.
    async fn look(&self, lazy: LazySession) -> Option<Opened> {
        let session = lazy.load().await.unwrap_or_else(|error| panic!("{error} after {self}"));
        let (key, whose) = (session.session_key()?, whose(&session));
        Some(Opened { key, whose, session })
    }

    async fn look_by_all_ids(&self) -> Vec<Opened> {
        let (mut opened, sessions) = (Vec::new(), &self.world.sessions);
        for id in &self.ids {
            let header = format!("{}={}", sessions.cookie_name(), id.encode());
            opened.extend(self.look(sessions.open(RequestHead::new("POST").with_cookies([header.as_bytes()]))).await);
        }
        opened
    }

    /// Gives the keys that a session had since it had this one; not those of a renewal that `is_later`.
    fn became(&self, key: SessionKey, is_later: impl Fn(&Told) -> bool) -> HashSet<SessionKey> {
        let renewed = self.world.renewed.lock().unwrap();
        let mut keys = HashSet::from([key]);
        let mut more = true;
        while more {
            more = false;
            for (from, to) in &*renewed {
                let by = self.told.iter().find(|told| told.key == Some(*to) && told.act.logs_in().is_some());
                more |= keys.contains(from) && !by.is_some_and(&is_later) && keys.insert(*to);
            }
        }
        keys
    }
}

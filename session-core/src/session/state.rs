//! What a handle knows of its session between the load and the end of the request.

use std::sync::Arc;

use super::Draft;
use super::changes::{Entry, has_effect};
use super::origin::Origin;
use crate::cookie::CookieLifetime;
use crate::engine::SessionError;
use crate::payload::Contents;
use crate::store::{Owner, Record, SessionId, SessionKey, Timestamp};

/// How far the end of the session has come that the handler asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destroy {
    No,
    Asked,
    Done,
}

/// A change of privilege that is not written yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Privilege {
    pub(crate) renew: bool,
    /// The renewal is one of those made every so often: no privilege changes, and the old id serves for a while.
    pub(crate) routine: bool,
    pub(crate) owner: Option<Option<Owner>>,
}

/// What the browser has been told of the session's cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It has none, or one that names no session.
    Nothing,
    /// It has this session's, but not as it is set now. It is given the same id again once a look finds that live: a
    /// straggler's would take the place of a login's.
    Otherwise,
    /// It has this session's, of this lifetime and with this deadline.
    Cookie { lifetime: CookieLifetime, expires_at: Timestamp },
}

/// What the browser still has from before the cookie was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Leftovers {
    /// Nothing that is known of.
    #[default]
    None,
    /// It has several cookies of the name, among them perhaps those of former attributes.
    Attributes,
    /// It presents the session under a former name, which it is to be moved from.
    Name,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) origin: Origin,
    /// The values as the handler sees them, and the changes that nobody is writing yet.
    pub(crate) draft: Draft,
    /// The owner as the handler sees it.
    pub(crate) owner: Option<Owner>,
    /// What nobody is writing yet.
    pub(crate) privilege: Privilege,
    pub(crate) destroy: Destroy,
    /// Nothing is to be written at close.
    pub(crate) ignored: bool,
    /// Changes were discarded after they were made, which the next write has to tell.
    pub(crate) discarded: bool,
    /// The contents hold changes that were sent, and may be stored or not. The next write finds out.
    pub(crate) uncertain: bool,
    /// The id that the browser holds or is to be given.
    pub(crate) id: Option<SessionId>,
    /// How long browsers keep the cookie of what is stored.
    pub(crate) lifetime: CookieLifetime,
    /// What the browser knows; where that differs from what is stored, a cookie is due.
    pub(crate) told: Told,
    /// The browser has a cookie that `destroy` must remove.
    pub(crate) removable: bool,
    /// What the browser still has from before the cookie was changed.
    pub(crate) leftovers: Leftovers,
    /// Live sessions beside this one that the request presented, too. A login and a logout end them first.
    pub(crate) others: Vec<SessionKey>,
    /// The response has left, or is about to.
    pub(crate) closed: bool,
}

/// What there is to write, taken from the state when the write began.
pub(crate) struct Job {
    pub(crate) contents: Contents,
    pub(crate) log: Vec<Entry>,
    /// How many changes of the log are the state's, to be given back to it if they are not written. A transaction
    /// adds its own behind them.
    pub(crate) taken: usize,
    pub(crate) privilege: Privilege,
}

impl State {
    pub(crate) fn record(&self) -> Option<&Arc<Record>> {
        self.origin.record()
    }

    /// Tells whether the end of a request is a reason to write.
    pub(crate) fn is_changed(&self) -> bool {
        has_effect(self.draft.log()) || self.privilege.renew || self.uncertain
    }

    /// Says why nothing can be written, if so.
    pub(crate) fn check_writable(&self) -> Result<(), SessionError> {
        if self.destroy != Destroy::No {
            return Err(SessionError::Destroyed);
        }
        match self.origin {
            Origin::New if self.closed => Err(SessionError::ResponseSent),
            Origin::New | Origin::Stored { .. } => Ok(()),
            Origin::Ended { .. } => Err(SessionError::Gone),
            _ => Err(self.origin.read_only().map_or(SessionError::Gone, SessionError::ReadOnly)),
        }
    }

    /// Says why the session can be given no new id, if so.
    pub(crate) fn check_renewable(&self) -> Result<(), SessionError> {
        match self.destroy {
            Destroy::No if self.closed => Err(SessionError::ResponseSent),
            _ => self.check_writable(),
        }
    }

    /// Lets a request whose visitor logs in start anew, where nothing but a login may.
    pub(crate) fn start_anew(&mut self) {
        if self.origin.login_starts_anew() && self.destroy == Destroy::No && !self.closed {
            self.origin = Origin::New;
        }
    }

    /// Hands out what there is to write.
    pub(crate) fn take_job(&mut self) -> Job {
        let (contents, log) = (self.draft.contents().clone(), self.draft.take_log());
        Job { contents, taken: log.len(), log, privilege: std::mem::take(&mut self.privilege) }
    }

    /// Takes back what was certainly not written.
    pub(crate) fn restore(&mut self, job: Job) {
        if self.destroy != Destroy::No {
            return;
        }
        let Job { mut log, taken, privilege, .. } = job;
        log.truncate(taken);
        self.draft.restore(log);
        // One that nobody asked for is not tried again by whatever writes next.
        self.privilege.renew |= privilege.renew && !privilege.routine;
        if self.privilege.owner.is_none() {
            self.privilege.owner = privilege.owner;
        }
    }

    /// Takes note of what is stored now, or was found stored; `lifetime` is its cookie's.
    pub(crate) fn stored(
        &mut self,
        key: SessionKey,
        record: Arc<Record>,
        contents: Contents,
        lifetime: CookieLifetime,
    ) {
        if self.destroy == Destroy::No {
            if self.privilege.owner.is_none() {
                self.owner.clone_from(&record.owner);
            }
            if !self.draft.rebase(contents) {
                self.discarded = true;
                self.privilege = Privilege::default();
                self.owner.clone_from(&record.owner);
            }
        }
        self.uncertain = false;
        self.lifetime = lifetime;
        self.origin = Origin::Stored { key, record };
        self.found_live();
    }

    /// Takes note of the key that the session is found under. If another request has renewed it, that one's response
    /// has the id.
    pub(crate) fn moved(&mut self, key: &SessionKey) {
        if let Origin::Stored { key: was, .. } = &self.origin
            && was != key
        {
            self.id = None;
            self.told = Told::Nothing;
            self.leftovers = Leftovers::None;
        }
    }

    /// Takes note of a new id, for which the browser needs a cookie.
    pub(crate) fn renewed(&mut self, id: SessionId) {
        self.id = Some(id);
        self.told = Told::Nothing;
        self.removable = true;
    }

    /// Takes note that the session is over, with all changes that were not written.
    pub(crate) fn ended(&mut self) {
        self.origin = self.origin.ended();
        self.forget();
    }

    /// Forgets all that is not stored, and shows an empty session of nobody's.
    pub(crate) fn forget(&mut self) {
        self.privilege = Privilege::default();
        self.owner = None;
        self.discarded = false;
        self.uncertain = false;
        self.draft.discard();
    }

    /// Takes note of a touch.
    pub(crate) fn touched(&mut self, seen: Timestamp, expires_at: Timestamp) {
        self.found_live();
        if let Origin::Stored { record, .. } = &mut self.origin {
            let record = Arc::make_mut(record);
            record.last_seen_at = record.last_seen_at.max(seen);
            record.expires_at = record.expires_at.max(expires_at);
        }
    }

    /// Takes note that the session was found live under its id, which may be given again.
    fn found_live(&mut self) {
        if self.told == Told::Otherwise {
            self.told = Told::Nothing;
        }
    }
}

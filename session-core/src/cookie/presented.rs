//! Which ids a request presents: read from the raw bytes of its `Cookie` headers, within bounds.

use super::UnsignedCookies;
use super::former::FormerName;
use super::header::Cookies;
use super::signing::MAC_LEN;
use super::syntax::trim;
use crate::store::{SessionId, Timestamp};

/// How many different ids of one request are looked at. A browser has one, and while attributes change two or three;
/// each may cost a look into the store.
pub(crate) const MOST_CANDIDATES: usize = 4;

/// How many signatures of one request are verified, so that headers full of forged cookies cost little.
const MOST_SIGNATURES: usize = 16;

/// An id that a request presents.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) id: SessionId,
    pub(crate) by: By,
}

/// What kind of cookie an id came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// One that is as this server sets them.
    Present,
    /// One that is not signed, while signing is introduced.
    Unsigned,
    /// One of a name that the cookie had until then.
    FormerName { changed_at: Timestamp },
}

/// What a request's `Cookie` headers present under the cookie's name; or under its former ones, if there is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Presented {
    candidates: Candidates,
    /// How many cookies of the name there are, up to where reading ended.
    cookies: usize,
    more: bool,
}

/// The ids that were found. A request has one or none as a rule, which takes no room of its own.
#[derive(Clone, Debug, Default)]
enum Candidates {
    #[default]
    None,
    One(Candidate),
    Several(Vec<Candidate>),
}

impl Presented {
    /// Gives the different well-formed ids, in the order of the headers, [`MOST_CANDIDATES`] at most.
    pub(crate) fn candidates(&self) -> &[Candidate] {
        match &self.candidates {
            Candidates::None => &[],
            Candidates::One(candidate) => std::slice::from_ref(candidate),
            Candidates::Several(candidates) => candidates,
        }
    }

    /// Tells whether there is more than was looked at, so that an id which was not found may still be there.
    pub(crate) fn has_more(&self) -> bool {
        self.more
    }

    /// Tells whether there is no cookie of the name, well-formed or not.
    pub(crate) fn is_nothing(&self) -> bool {
        self.cookies == 0
    }

    /// Tells whether there are several cookies of the name, also if they have one id, or are malformed.
    pub(crate) fn is_crowded(&self) -> bool {
        self.cookies > 1
    }

    fn candidates_mut(&mut self) -> &mut [Candidate] {
        match &mut self.candidates {
            Candidates::None => &mut [],
            Candidates::One(candidate) => std::slice::from_mut(candidate),
            Candidates::Several(candidates) => candidates,
        }
    }

    fn add(&mut self, candidate: Candidate) {
        self.candidates = match std::mem::take(&mut self.candidates) {
            Candidates::None => Candidates::One(candidate),
            Candidates::One(first) => Candidates::Several(vec![first, candidate]),
            Candidates::Several(mut candidates) => {
                candidates.push(candidate);
                Candidates::Several(candidates)
            }
        };
    }
}

impl Cookies {
    /// Finds the ids in the values of a request's `Cookie` headers.
    ///
    /// The `cookie` crate's parser is not used: it trims all of Unicode's blanks, so a cookie that a
    /// sibling domain planted under U+2003 and our name would read as ours, prefix and all. Browsers
    /// strip space and tab alone, and so does this. A quoted or percent-encoded value is malformed,
    /// because [`set`](Self::set) writes none. `now` is asked where it matters.
    pub(crate) fn read<'a>(
        &self,
        headers: impl IntoIterator<Item = &'a [u8]>,
        now: impl Fn() -> Timestamp,
    ) -> Presented {
        let mut reading = Reading::default();
        let mut former = None;
        for (name, value) in headers.into_iter().flat_map(pairs) {
            if name == self.name().as_bytes() {
                reading.take(self, self.name(), By::Present, value, &now);
                if reading.presented.more {
                    break;
                }
            } else if let Some(FormerName { name, changed_at }) =
                self.former_names().iter().find(|former| former.name.as_bytes() == name)
            {
                let by = By::FormerName { changed_at: *changed_at };
                former.get_or_insert_with(Box::<Reading<'_>>::default).take(self, name, by, value, &now);
            }
        }
        match former {
            Some(former) if reading.presented.is_nothing() => former.presented,
            _ => reading.presented,
        }
    }

    /// Says as what an unsigned cookie is taken where there are keys; `None` if it is not.
    fn unsigned_as(&self, now: impl Fn() -> Timestamp) -> Option<By> {
        match self.unsigned() {
            UnsignedCookies::Refused => None,
            UnsignedCookies::Set => Some(By::Present),
            UnsignedCookies::TakenUntil(until) => (now() < until).then_some(By::Unsigned),
        }
    }
}

/// What was found so far.
#[derive(Default)]
struct Reading<'a> {
    presented: Presented,
    /// The candidates as they stand in the headers.
    encoded: [&'a [u8]; MOST_CANDIDATES],
    /// How many signatures were verified.
    verified: usize,
}

impl<'a> Reading<'a> {
    /// Takes the value of a cookie of that name. It is a candidate if it is exactly what [`Cookies::set`] writes, signed by
    /// a key of ours where we sign.
    fn take(&mut self, cookies: &Cookies, name: &str, mut by: By, value: &'a [u8], now: &impl Fn() -> Timestamp) {
        self.presented.cookies += 1;
        if self.presented.more {
            return;
        }
        let Some((encoded, mac)) = split(value) else { return };
        let found = self.presented.candidates().len();
        let known = self.encoded[..found].iter().position(|known| *known == encoded);
        // What is there unsigned may be there signed, too.
        if known.is_some_and(|known| mac.is_none() || self.presented.candidates()[known].by != By::Unsigned) {
            return;
        }
        let Some(id) = SessionId::parse(encoded) else { return };
        match (cookies.signing_keys(), mac) {
            (None, None) => {}
            (None, Some(_)) => return,
            (Some(_), None) => match cookies.unsigned_as(now) {
                Some(unsigned) if by == By::Present => by = unsigned,
                Some(_) => {}
                None => return,
            },
            (Some(keys), Some(mac)) => {
                if self.verified == MOST_SIGNATURES {
                    self.presented.more = true;
                    return;
                }
                self.verified += 1;
                if !keys.iter().any(|key| key.verifies(name, encoded, mac)) {
                    return;
                }
            }
        }
        if let Some(known) = known {
            self.presented.candidates_mut()[known].by = by;
            return;
        }
        match self.encoded.get_mut(found) {
            Some(room) => {
                *room = encoded;
                self.presented.add(Candidate { id, by });
            }
            None => self.presented.more = true,
        }
    }
}

/// Gives the pairs of a header, in order, with nothing but space and tab stripped.
pub(super) fn pairs(header: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    header.split(|&b| b == b';').filter_map(|pair| {
        let equals = pair.iter().position(|&b| b == b'=')?;
        Some((trim(&pair[..equals]), trim(&pair[equals + 1..])))
    })
}

/// Gives what has the length of an id, and of a signature behind it, if there is something; `None` if that cannot be.
fn split(value: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    match value.split_at_checked(SessionId::ENCODED_LEN)? {
        (encoded, []) => Some((encoded, None)),
        (encoded, [b'.', mac @ ..]) if mac.len() == MAC_LEN => Some((encoded, Some(mac))),
        _ => None,
    }
}

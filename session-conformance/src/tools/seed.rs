//! Where all draws of a run come from, so that it can be run again.

use std::ffi::OsString;
use std::fmt;

use session_core::{RandomError, Version};

/// Names the number from which every draw of a clause comes, and, if only one round of a race is to be run, which.
///
/// It is written and read as `3f2a…` or `3f2a…@2.137`: the 137th round of the second race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed {
    pub(crate) number: u64,
    pub(crate) only: Option<Place>,
}

/// Names a round: of which race of the clause it is, and which of its rounds, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) race: u64,
    pub(crate) round: u64,
}

impl Seed {
    /// Sets the seed, for runs that are to draw what a run before them has drawn.
    pub(crate) const VARIABLE: &str = "SESSION_TEST_SEED";

    /// Takes the seed that is asked for, and else draws one.
    pub(crate) fn asked(asked: Option<OsString>) -> Result<Self, String> {
        match asked {
            None => Self::drawn().map_err(|error| error.to_string()),
            Some(asked) => asked.to_str().and_then(Self::parse).ok_or_else(|| {
                let variable = Self::VARIABLE;
                format!("{variable} is what a failure has shown, such as 3f2a90c1d2e4b586@1.4, and not {asked:?}")
            }),
        }
    }

    fn drawn() -> Result<Self, RandomError> {
        Ok(Self { number: Version::random()?.as_u64(), only: None })
    }

    fn parse(text: &str) -> Option<Self> {
        let (number, place) = text.split_once('@').map_or((text, None), |(number, place)| (number, Some(place)));
        let only = match place.map(|place| place.split_once('.')) {
            None => None,
            Some(place) => {
                let (race, round) = place?;
                Some(Place { race: race.parse().ok()?, round: round.parse().ok()? })
            }
        };
        Some(Self { number: u64::from_str_radix(number, 16).ok()?, only })
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.number)?;
        match self.only {
            Some(Place { race, round }) => write!(f, "@{race}.{round}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_read_as_it_is_written() {
        for only in [None, Some(Place { race: 2, round: 137 })] {
            let seed = Seed { number: 0x0f2a, only };
            assert_eq!(Seed::asked(Some(seed.to_string().into())), Ok(seed));
        }
        for wrong in ["", "many", "12@", "12@1", "12@1.", "@1.2", "12@1.2.3", "112233445566778899"] {
            assert!(Seed::asked(Some(wrong.into())).unwrap_err().contains(Seed::VARIABLE), "{wrong:?}");
        }
    }

    #[test]
    fn without_a_wish_each_run_has_another() {
        assert_ne!(Seed::asked(None), Seed::asked(None));
    }
}

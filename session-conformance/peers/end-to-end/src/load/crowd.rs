//! The browsers, each with its cookies, and what it was told.

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, Zipf};

/// Of a thousand draws, those below this log out, and then in again: so one request of a hundred logs in or out.
const LOGS: u32 = 5;
/// Those from there on and below this write, and the others read.
const WRITES: u32 = LOGS + 90;

/// What a browser does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Read,
    Write,
    /// Logs out, and in again.
    Log,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Browser {
    pub(crate) cookies: String,
    /// How many writes were acknowledged since the login.
    pub(crate) told: u64,
    /// Requests that are under way.
    under_way: u32,
    /// It logs out or in, and does nothing else meanwhile.
    logs: bool,
    written: bool,
}

/// What came of the browsers' requests beside their speed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Harm {
    /// Writes that were acknowledged, and are not there.
    pub(crate) lost: u64,
    /// Writes that were acknowledged.
    pub(crate) acknowledged: u64,
    /// Answers that were no success.
    pub(crate) refused: u64,
    /// Answers of pages that did not find the session of somebody who is logged in.
    pub(crate) missing: u64,
}

#[derive(Debug)]
pub(crate) struct Crowd {
    browsers: Vec<Browser>,
    random: SmallRng,
    zipf: Zipf<f64>,
    pub(crate) harm: Harm,
}

impl Crowd {
    pub(crate) fn new(browsers: usize) -> Self {
        Self {
            browsers: vec![Browser::default(); browsers],
            // Everybody meets the same load.
            random: SmallRng::seed_from_u64(7),
            zipf: Zipf::new(browsers as f64, 1.0).expect("there are browsers"),
            harm: Harm::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.browsers.len()
    }

    /// Draws who does what next, and begins it.
    pub(crate) fn begin(&mut self) -> (usize, Deed) {
        let deed = match self.random.random_range(0..1_000) {
            0..LOGS => Deed::Log,
            LOGS..WRITES => Deed::Write,
            _ => Deed::Read,
        };
        loop {
            let number = self.zipf.sample(&mut self.random) as usize - 1;
            let browser = &mut self.browsers[number];
            if browser.logs || deed == Deed::Log && browser.under_way > 0 {
                continue;
            }
            browser.under_way += 1;
            browser.logs = deed == Deed::Log;
            browser.written |= deed == Deed::Write;
            return (number, deed);
        }
    }

    pub(crate) fn end(&mut self, number: usize) {
        let browser = &mut self.browsers[number];
        browser.under_way -= 1;
        browser.logs = false;
    }

    pub(crate) fn browser(&mut self, number: usize) -> &mut Browser {
        &mut self.browsers[number]
    }

    /// Compares what a browser was told with what it finds in the end.
    pub(crate) fn found(&mut self, number: usize, count: Option<u64>) {
        let told = std::mem::take(&mut self.browsers[number].told);
        match count {
            Some(count) => self.harm.lost += told.saturating_sub(count),
            None => {
                self.harm.missing += 1;
                self.harm.lost += told;
            }
        }
    }

    /// Gives those who wrote since they were asked for.
    pub(crate) fn writers(&mut self) -> Vec<usize> {
        let browsers = self.browsers.iter_mut().enumerate();
        browsers.filter_map(|(number, browser)| std::mem::take(&mut browser.written).then_some(number)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_hundred_requests_ninety_read_nine_write_and_one_logs_in_or_out() {
        let mut crowd = Crowd::new(1_000);
        let mut requests = [0.0; 3];
        for _ in 0..100_000 {
            let (number, deed) = crowd.begin();
            crowd.end(number);
            requests[deed as usize] += if deed == Deed::Log { 2.0 } else { 1.0 };
        }
        let all: f64 = requests.iter().sum();
        for (requests, wanted) in requests.into_iter().zip([90.0, 9.0, 1.0]) {
            assert!((100.0 * requests / all - wanted).abs() < 0.5, "{requests} of {all}");
        }
    }

    #[test]
    fn nothing_else_is_under_way_where_a_browser_logs_out() {
        let mut crowd = Crowd::new(3);
        let (busy, _) = crowd.begin();
        for _ in 0..1_000 {
            let (number, deed) = crowd.begin();
            assert!(deed != Deed::Log || number != busy);
            crowd.end(number);
        }
    }

    #[test]
    fn a_write_that_was_acknowledged_and_is_not_there_is_lost() {
        let mut crowd = Crowd::new(2);
        crowd.browser(0).told = 5;
        crowd.browser(1).told = 3;
        crowd.found(0, Some(3));
        crowd.found(1, None);
        assert_eq!(crowd.harm, Harm { lost: 5, missing: 1, ..Harm::default() });
    }
}

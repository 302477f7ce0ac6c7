//! What people see: headless Chromium, driven through WebDriver.

mod admin; // what an administrator does, without a mouse
mod back; // what is not shown again after signing out
mod bound; // what a thief cannot do where the session is bound to a device
mod driver; // Driver: starts browsers, and leaves none behind
mod flow; // what people do
mod https; // a server behind https
mod looks; // what there is to see, and whether everybody can
mod planted; // what a script cannot do
mod window; // Window: one person's browser

use std::path::PathBuf;

use crate::server::{Home, Server};
use crate::store::Store;
use crate::tours::run;

use driver::Driver;
use window::{Kind, Window};

/// Emits one `#[test]` for [`browser`](fn@crate::browser) with each [`Store`], given an example's program.
#[macro_export]
macro_rules! browser {
    ($program:expr) => {
        #[test]
        fn a_browser_is_served_as_promised_from_memory() {
            $crate::browser($program, $crate::Store::Ets);
        }

        #[test]
        fn a_browser_is_served_as_promised_from_redis() {
            $crate::browser($program, $crate::Store::Redis);
        }
    };
}

/// Does in a real browser what people do: one signs in and out, fills a cart, has two browsers, sends many requests at
/// once, and leaves the page open for longer than the session lasts; with JavaScript and without. One goes back after
/// signing out. And what a script does that was smuggled into the page: it tries to plant the session of somebody else.
///
/// # Panics
/// If the browser is missing, or does not show what it should: the message names the picture of what it showed.
pub fn browser(program: &str, store: Store) {
    run(async {
        let opened = store.open().await;
        let stage = Stage::set(program, opened.url(), &format!("{store:?}")).await;
        flow::all(&stage).await;
        back::all(&stage).await;
        planted::all(&stage).await;
        stage.server.stop().await;
    });
}

/// Signs in with a browser that binds the session to its device, copies its cookies, and tries them from another client:
/// they open nothing there, and the browser goes on.
///
/// # Panics
/// As [`browser`].
pub fn bound(program: &str) {
    run(async {
        let store = Store::Ets.open().await;
        let settings = [("SESSION_BOUND", "refuse"), ("SESSION_KEYS", bound::KEYS)];
        let stage = Stage::set_with(program, store.url(), "bound", &settings).await;
        bound::all(&stage).await;
        stage.server.stop().await;
    });
}

/// Looks at the pages in light and dark and at a phone's width: whether they fit, whether text, labels and focus can be
/// made out, and whether messages hide anything.
///
/// # Panics
/// As [`browser`].
pub fn looks(program: &str) {
    run(async {
        let opened = Store::Ets.open().await;
        let stage = Stage::set_with(program, opened.url(), "looks", &[admin::NAMED]).await;
        looks::all(&stage).await;
        stage.server.stop().await;
    });
}

/// Has an administrator end everything, by the keyboard alone, while somebody else is signed in.
///
/// # Panics
/// As [`browser`].
pub fn administration(program: &str) {
    run(async {
        let opened = Store::Ets.open().await;
        let stage = Stage::set_with(program, opened.url(), "admin", &[admin::NAMED]).await;
        admin::all(&stage).await;
        stage.server.stop().await;
    });
}

/// A server to look at, and what to look with.
struct Stage {
    driver: Driver,
    server: Server,
    framework: String,
    screenshots: PathBuf,
    title: String,
    /// Names are of one run alone, since others may use the store, too.
    suffix: String,
}

impl Stage {
    async fn set(program: &str, store: &str, title: &str) -> Self {
        Self::set_with(program, store, title, &[]).await
    }

    async fn set_with(program: &str, store: &str, title: &str, more: &[(&str, &str)]) -> Self {
        let settings = [&[("SESSION_STORE", store), ("SESSION_TEST", "1")], more].concat();
        let home = Home::new(program);
        let folder = home.path().file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let suffix = folder.trim_start_matches(['.', 't', 'm', 'p']).to_owned();
        let framework = home.framework().to_owned();
        let title = format!("{framework}-{}", title.to_lowercase());
        Self {
            driver: Driver::start().await,
            server: home.start_with(&settings).await,
            screenshots: home.screenshots(),
            framework,
            title,
            suffix,
        }
    }

    /// Opens a browser that has never been here.
    async fn window(&self, who: &str, kind: Kind) -> Window {
        let client = self.driver.browser(kind).await;
        let picture = self.screenshots.join(format!("{}-{who}.png", self.title));
        let window = Window::new(client, self.server.url(), &self.framework, picture);
        window.go("/").await;
        window
    }

    /// Gives the name that somebody has in this run.
    fn name(&self, who: &str) -> String {
        format!("{who} {}", self.suffix)
    }
}

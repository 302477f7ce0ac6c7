//! One person's browser, in words of what a person does and sees.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fantoccini::cookies::Cookie;
use fantoccini::error::{CmdError, ErrorStatus};
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use crate::server::{PATIENCE, in_time};

/// How often something is looked for until it is there.
const PERIOD: Duration = Duration::from_millis(30);

/// How many times Tab is pressed on a page, at most.
const MOST_TABS: usize = 60;

/// What a browser is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A window on a desktop, in light colours.
    Plain,
    /// In dark colours.
    Dark,
    /// As wide as a phone.
    Phone,
    /// Without JavaScript.
    Scriptless,
}

impl Kind {
    pub(super) fn flags(self) -> [&'static str; 2] {
        let colours = if self == Self::Dark { 0 } else { 1 };
        let colours = ["--blink-settings=preferredColorScheme=0", "--blink-settings=preferredColorScheme=1"][colours];
        [colours, "--window-size=1100,1200"]
    }

    /// Gives what is no flag, among the options that `chromedriver` knows.
    pub(super) fn option(self) -> Option<(&'static str, Value)> {
        match self {
            Self::Plain | Self::Dark => None,
            Self::Phone => {
                let metrics = json!({ "width": 360, "height": 740, "pixelRatio": 2, "touch": true });
                Some(("mobileEmulation", json!({ "deviceMetrics": metrics })))
            }
            Self::Scriptless => Some(("prefs", json!({ "profile.managed_default_content_settings.javascript": 2 }))),
        }
    }
}

pub(super) struct Window {
    client: Client,
    url: String,
    cookie: String,
    picture: PathBuf,
}

impl Window {
    pub(super) fn new(client: Client, url: &str, framework: &str, picture: PathBuf) -> Self {
        Self { client, url: url.to_owned(), cookie: format!("__Host-Http-{framework}-session"), picture }
    }

    pub(super) async fn close(self) {
        self.client.close().await.expect("a browser can be closed");
    }

    // What a person does.

    pub(super) async fn go(&self, path: &str) {
        self.visit(&format!("{}{path}", self.url)).await;
    }

    pub(super) async fn visit(&self, address: &str) {
        let going = in_time("a page", self.client.goto(address)).await;
        if let Err(error) = going {
            self.fail(&format!("a page at {address}"), &error.to_string()).await;
        }
    }

    pub(super) async fn reload(&self) {
        self.leave("the page anew", async || self.client.refresh().await).await;
    }

    pub(super) async fn back(&self) {
        self.leave("the page before", async || self.client.back().await).await;
    }

    /// Presses a button that stays on the page.
    pub(super) async fn press(&self, button: &str) {
        self.until(&format!("a button {button:?}"), async || {
            let button = self.client.find(Locator::XPath(&button_of("", button))).await?;
            button.click().await.map(Some)
        })
        .await;
    }

    /// Presses a button that sends a form, and waits for the next page.
    pub(super) async fn send(&self, button: &str) {
        self.send_in("", button).await;
    }

    /// Does so with one of many buttons: that within the element of this XPath.
    pub(super) async fn send_in(&self, within: &str, button: &str) {
        let path = button_of(within, button);
        self.leave(&format!("a button {button:?} {within}"), async || {
            self.client.find(Locator::XPath(&path)).await?.click().await
        })
        .await;
    }

    /// Presses Tab until what is called this has the focus.
    pub(super) async fn tab_to(&self, what: &str) {
        const FOCUSED: &str = "const it = document.activeElement; \
                               return (it.ariaLabel || it.labels?.[0]?.textContent || it.textContent).trim();";
        for _ in 0..MOST_TABS {
            self.key(Key::Tab).await;
            if self.script(FOCUSED).await == what {
                return;
            }
        }
        self.fail(&format!("{what:?} by the keyboard"), "Tab does not lead there").await;
    }

    /// Presses a key on what has the focus.
    pub(super) async fn key(&self, key: Key) {
        self.until("what has the focus", async || self.press_key(key).await.map(Some)).await;
    }

    /// Presses Enter on what leads to another page.
    pub(super) async fn enter(&self) {
        self.leave("another page by Enter", async || self.press_key(Key::Enter).await).await;
    }

    async fn press_key(&self, key: Key) -> Result<(), CmdError> {
        self.client.active_element().await?.send_keys(&char::from(key).to_string()).await
    }

    /// Writes into the field with this label.
    pub(super) async fn write(&self, label: &str, text: &str) {
        self.until(&format!("a field labelled {label:?}"), async || {
            let path = format!("//input[@id = //label[normalize-space() = '{label}']/@for]");
            let field = self.client.find(Locator::XPath(&path)).await?;
            field.clear().await?;
            field.send_keys(text).await.map(Some)
        })
        .await;
    }

    /// Does what leads to another page, and waits until the one before is gone.
    async fn leave(&self, what: &str, act: impl AsyncFn() -> Result<(), CmdError>) {
        let before = self.until("a page", async || self.client.find(Locator::Css("html")).await.map(Some)).await;
        self.until(what, async || act().await.map(Some)).await;
        self.until(&format!("another page after {what}"), async || match before.tag_name().await {
            Err(CmdError::Standard(error)) if error.error == ErrorStatus::StaleElementReference => Ok(Some(())),
            other => other.map(|_| None),
        })
        .await;
    }

    // What a person sees.

    /// Waits until an element shows this text, among others.
    pub(super) async fn sees(&self, css: &str, text: &str) {
        self.until(&format!("{text:?} in {css}"), async || {
            let shown = self.texts_now(css).await?;
            Ok(shown.iter().any(|shown| shown.contains(text)).then_some(()))
        })
        .await;
    }

    /// Gives what the elements show, of the page that is there.
    pub(super) async fn texts(&self, css: &str) -> Vec<String> {
        self.until(css, async || self.texts_now(css).await.map(Some)).await
    }

    async fn texts_now(&self, css: &str) -> Result<Vec<String>, CmdError> {
        let mut texts = Vec::new();
        for element in self.client.find_all(Locator::Css(css)).await? {
            // What is hidden is not seen.
            if element.is_displayed().await? {
                texts.push(element.text().await?);
            }
        }
        Ok(texts)
    }

    /// Gives the number that an element shows.
    pub(super) async fn number(&self, css: &str) -> u64 {
        self.until(&format!("a number in {css}"), async || {
            let shown = self.texts_now(css).await?;
            Ok(shown.first().and_then(|number| number.replace(',', "").parse().ok()))
        })
        .await
    }

    /// Gives the name of the session's cookie.
    pub(super) fn cookie_name(&self) -> &str {
        &self.cookie
    }

    /// Gives the names of all cookies, sorted, also of those that scripts do not see.
    pub(super) async fn cookie_names(&self) -> Vec<String> {
        let cookies = self.until("cookies", async || self.client.get_all_cookies().await.map(Some)).await;
        let mut names: Vec<_> = cookies.iter().map(|cookie| cookie.name().to_owned()).collect();
        names.sort_unstable();
        names
    }

    /// Gives the session's cookie; `None` if there is none. Any other is a mistake.
    pub(super) async fn cookie(&self) -> Option<Cookie<'static>> {
        let mut cookies = self.until("cookies", async || self.client.get_all_cookies().await.map(Some)).await;
        let own = cookies.pop();
        let named_right = own.as_ref().is_none_or(|cookie| cookie.name() == self.cookie);
        self.expect("no cookie but the session's", cookies.is_empty() && named_right).await;
        own
    }

    /// Gives the value of a cookie; `None` if there is none of that name.
    pub(super) async fn cookie_value(&self, name: &str) -> Option<String> {
        let cookies = self.until("cookies", async || self.client.get_all_cookies().await.map(Some)).await;
        cookies.iter().find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
    }

    /// Removes a cookie, as time does.
    pub(super) async fn forget(&self, name: &str) {
        self.until("a cookie removed", async || self.client.delete_cookie(name).await.map(Some)).await;
    }

    /// Sets a cookie that somebody else had.
    pub(super) async fn adopt(&self, cookie: Cookie<'static>) {
        self.until("a cookie set", async || self.client.add_cookie(cookie.clone()).await.map(Some)).await;
    }

    /// Gives what a script returns.
    pub(super) async fn script(&self, script: &str) -> Value {
        self.until("the script's result", async || self.client.execute(script, Vec::new()).await.map(Some)).await
    }

    /// Looks again until there is something to see.
    pub(super) async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Result<Option<T>, CmdError>) -> T {
        let started = Instant::now();
        loop {
            let last = match in_time(what, look()).await {
                Ok(Some(found)) => return found,
                Ok(None) => String::from("it is not there"),
                Err(error) => error.to_string(),
            };
            if started.elapsed() > PATIENCE {
                self.fail(what, &last).await;
            }
            tokio::time::sleep(PERIOD).await;
        }
    }

    /// Fails unless this is so.
    pub(super) async fn expect(&self, what: &str, is_so: bool) {
        if !is_so {
            self.fail(what, "it is not so").await;
        }
    }

    /// Fails unless these are the same.
    pub(super) async fn equal<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(
        &self,
        what: &str,
        got: T,
        wanted: U,
    ) {
        if got != wanted {
            self.fail(what, &format!("got {got:?}, and wanted {wanted:?}")).await;
        }
    }

    /// Fails with what was looked for, and a picture of what there is.
    async fn fail(&self, what: &str, why: &str) -> ! {
        let address = self.client.current_url().await.map_or_else(|error| error.to_string(), String::from);
        let kept = match self.client.screenshot().await {
            Ok(picture) => {
                let folder = self.picture.parent().expect("a picture is in a folder");
                let written = fs::create_dir_all(folder).and_then(|()| fs::write(&self.picture, picture));
                written.map_or_else(|error| format!("cannot be kept: {error}"), |()| self.picture.display().to_string())
            }
            Err(error) => format!("cannot be had: {error}"),
        };
        panic!("looked for {what} at {address}: {why}. The picture of what was there: {kept}");
    }
}

/// Gives the XPath of the button that shows, or is called, this.
fn button_of(within: &str, button: &str) -> String {
    format!("{within}//button[normalize-space() = '{button}' and not(@hidden)]")
}

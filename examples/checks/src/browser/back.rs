//! What is not shown again after signing out: who sits down there next goes back, and finds no page of who has left.

use super::Stage;
use super::flow::sign_in;
use super::window::{Kind, Window};

/// Shows what stands in the session, and says nothing of caches: that is left to the sessions.
const UNSAID: &str = "/test/do?steps=read";
/// Shows the same, and says that it may be kept.
const KEPT: &str = "/test/do?steps=read,public";

pub(super) async fn all(stage: &Stage) {
    let ann = stage.window("back", Kind::Plain).await;
    sign_in(&ann, &stage.name("Ann")).await;
    ann.send("Add one").await;
    for path in [UNSAID, KEPT] {
        ann.go(path).await;
        shows(&ann, 1).await;
    }
    ann.go("/").await;
    ann.sees("h1", "Hello, Ann").await;
    ann.send("Sign out").await;
    ann.sees("h1", "Sign in").await;

    ann.back().await;
    ann.sees("h1", "Sign in").await;
    // The browser does keep pages: one that the handler said it of is there still. So the others are not by what the
    // sessions said.
    ann.back().await;
    shows(&ann, 1).await;
    ann.back().await;
    shows(&ann, 0).await;
    ann.close().await;
}

/// Waits until a page is there, which has to show this count.
async fn shows(window: &Window, count: u32) {
    window.sees("body", "count").await;
    window.equal("the count", window.texts("body").await, [format!("{{\"count\":{count}}}")]).await;
}

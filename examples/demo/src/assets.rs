//! Style, script and icon, and the headers that let a page use these and nothing else.

use http::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

use crate::answer::Answer;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Finds a file; `None` if there is none of that path.
pub(crate) fn file(path: &str) -> Option<Answer> {
    let (content_type, content) = match path {
        "/style.css" => ("text/css; charset=utf-8", include_str!("../assets/style.css")),
        "/app.js" => ("text/javascript; charset=utf-8", include_str!("../assets/app.js")),
        "/icon.svg" => ("image/svg+xml", include_str!("../assets/icon.svg")),
        _ => return None,
    };
    let mut answer = Answer::new(content.into());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Some(answer)
}

/// Sets the headers that keep a page to itself, unless the answer has set them otherwise. What caches may keep is left to
/// the sessions: of what somebody who is signed in sees they keep nothing, so that nobody finds it by going back later.
pub(crate) fn protect<B>(answer: &mut Response<B>) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ] {
        answer.headers_mut().entry(name).or_insert(value);
    }
}

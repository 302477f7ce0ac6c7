//! Style, script and icon, and the headers that let a page use these and nothing else.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{MethodRouter, get};

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/style.css", file("text/css; charset=utf-8", include_str!("../assets/style.css")))
        .route("/app.js", file("text/javascript; charset=utf-8", include_str!("../assets/app.js")))
        .route("/icon.svg", file("image/svg+xml", include_str!("../assets/icon.svg")))
}

fn file(content_type: &'static str, content: &'static str) -> MethodRouter {
    get(async move || ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "public, max-age=300")], content))
}

/// Adds the headers that keep a page to itself. What does not say how long it may be kept is not kept:
/// after signing out, nobody finds it by going back.
pub(crate) async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

//! The application: who is signed in, a sign-in by an ID token, and the receiver.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use session_core::web::axum::SessionLayer;
use session_core::{Clock, Key, Owner, Session, SessionError, SessionId, Sessions, StoreError, SystemClock};
use thiserror::Error;

use crate::ending::{end, sign_in};
use crate::logout_token::{LogoutToken, Refused};
use crate::provider::Provider;
use crate::used::UsedTokens;

/// Where the provider sends logout tokens: its `backchannel_logout_uri`, by https.
pub const BACK_CHANNEL: &str = "/backchannel-logout";

/// The longest body that the receiver reads, in bytes. Anybody can send one.
const LONGEST: usize = 16 * 1024;

/// What the sign-in that is under way was begun with.
const NONCE: Key<String> = Key::new("nonce");

/// What the handlers share.
#[derive(Clone, Debug)]
pub struct App {
    /// Of users.
    pub sessions: Sessions,
    /// Who says who they are, and when that ends.
    pub provider: Provider,
    /// Those that have done their work.
    pub used: UsedTokens,
}

/// Puts the application together.
///
/// The receiver stands outside of the session layer: a provider has no cookie, and is given none.
pub fn app(app: App) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/sign-in", get(begin).post(finish))
        .layer(SessionLayer::new(app.sessions.clone()))
        .route(BACK_CHANNEL, post(receive).layer(DefaultBodyLimit::max(LONGEST)))
        .with_state(app)
}

async fn home(session: Session) -> String {
    match session.owner() {
        Some(owner) => format!("signed in as {}\n", owner.as_str()),
        None => "not signed in\n".to_owned(),
    }
}

/// Begins a sign-in: the browser goes to the provider with this nonce, and the ID token has it.
async fn begin(session: Session) -> Result<String, SessionError> {
    let nonce = SessionId::random()?.key().encode();
    session.insert(NONCE, nonce.clone())?;
    Ok(nonce)
}

#[derive(Deserialize)]
struct IdToken {
    id_token: String,
}

#[derive(Deserialize)]
struct Identity {
    sub: String,
    sid: Option<String>,
    nonce: Option<String>,
}

/// Ends a sign-in, with the ID token that the application's client of OpenID Connect has got for the browser's code.
async fn finish(
    State(app): State<App>,
    session: Session,
    Form(IdToken { id_token }): Form<IdToken>,
) -> Result<StatusCode, SessionError> {
    let begun_with = session.take(NONCE)?;
    let Ok(token) = app.provider.read::<Identity>(&id_token) else { return Ok(StatusCode::UNAUTHORIZED) };
    let Identity { sub, sid, nonce } = token.claims;
    // Else a token that was stolen elsewhere would sign its thief in.
    if nonce.is_none() || nonce != begun_with {
        return Ok(StatusCode::UNAUTHORIZED);
    }
    sign_in(&session, Owner::new(sub)?, sid.as_deref())?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Sent {
    logout_token: String,
}

/// Takes a logout token from the provider. It says 200 once all that it names is ended, so that a provider which hears
/// anything else can send it again.
async fn receive(State(app): State<App>, Form(Sent { logout_token }): Form<Sent>) -> Response {
    let answer = match receive_token(&app, &logout_token).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            // A provider knows of one way to say that it did not work.
            let name = if matches!(error, NotEnded::Refused(_)) { "invalid_request" } else { "server_error" };
            let told = json!({ "error": name, "error_description": error.to_string() });
            (StatusCode::BAD_REQUEST, Json(told)).into_response()
        }
    };
    ([(CACHE_CONTROL, "no-store")], answer).into_response()
}

/// Says why nothing, or not all, was ended.
#[derive(Debug, Error)]
enum NotEnded {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("not all sessions could be ended")]
    Sessions(#[from] SessionError),
    #[error("which tokens have done their work cannot be told")]
    Used(#[from] StoreError),
}

/// Checks a token, and ends what it names.
async fn receive_token(app: &App, token: &str) -> Result<(), NotEnded> {
    let now = SystemClock.now();
    let token = LogoutToken::read(&app.provider, token, now)?;
    let issuer = app.provider.issuer();
    if app.used.has(issuer, &token.id).await? {
        return Err(Refused::Replayed.into());
    }
    end(&app.sessions, &token).await?;
    // Last, so that one which could not do its work is taken again.
    Ok(app.used.add(issuer, &token.id, now, token.expires_at).await?)
}

//! What both peers on axum share: a request and a response in axum's words.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::body::{Body as AxumBody, Bytes};
use axum::extract::Request;
use axum::response::Response;

use crate::pages::{Answer, Ask, Body};
use crate::rig::Rig;
use crate::settings::{listen, tell};

pub(crate) async fn asked(request: Request) -> Ask {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 16).await.unwrap_or_default();
    Ask::new(head.method.as_str(), head.uri.path(), head.uri.query(), &body)
}

pub(crate) fn answered(rig: &Arc<Rig>, answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    let body = match answer.body {
        Body::Json(text) => text.into(),
        Body::Pieces(gate) => AxumBody::from_stream(rig.pieces(gate)),
    };
    response.body(body).expect("the pages know what a header is")
}

pub(crate) async fn served(app: Router) -> Result<()> {
    let listener = listen()?;
    tell(&listener)?;
    axum::serve(tokio::net::TcpListener::from_std(listener)?, app).await?;
    Ok(())
}

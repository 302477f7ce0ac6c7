//! The door to any `tower::Service` that speaks HTTP.

use std::fmt::Debug;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{Method, Request, Response, StatusCode};
use tower::{Service, ServiceExt};

use super::answer::Answer;
use super::client::Browser;
use super::visit::{How, Visit};

/// How many redirects in a row a browser follows.
const REDIRECTS: usize = 20;

impl Browser {
    /// Sends a request for a path of the site, or for another address. Its response is delivered when the test says
    /// so.
    pub(crate) async fn send<S, B, R>(&self, service: &mut S, request: Request<B>) -> Answer<Response<R>>
    where
        S: Service<Request<B>, Response = Response<R>, Error: Debug>,
    {
        let how = if request.method().is_safe() { How::Navigation } else { How::Form };
        let visit = Visit { how, ..self.visit(&request.uri().to_string()) };
        self.send_as(visit, service, request).await
    }

    /// Sends a request, from the page and in the way that `visit` says.
    pub(crate) async fn send_as<S, B, R>(
        &self,
        visit: Visit,
        service: &mut S,
        mut request: Request<B>,
    ) -> Answer<Response<R>>
    where
        S: Service<Request<B>, Response = Response<R>, Error: Debug>,
    {
        // As a server has it: the path, and the host beside it.
        *request.uri_mut() = visit.url[url::Position::BeforePath..url::Position::AfterQuery].parse().unwrap();
        request.headers_mut().insert(HOST, visit.authority().parse().unwrap());
        if let Some(cookie) = self.header(&visit) {
            request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
        }
        let response = service.ready().await.unwrap().call(request).await.unwrap();
        let set_cookies = response.headers().get_all(SET_COOKIE).iter();
        let set_cookies: Vec<_> = set_cookies.map(|set| set.to_str().unwrap().to_owned()).collect();
        self.hold(visit, set_cookies, response)
    }

    /// Sends a request, takes its response, and goes where that leads, until one leads nowhere. All that is on the
    /// way comes from the one service, which can tell hosts apart by the `Host` header.
    pub(crate) async fn follow<S, B, R>(&mut self, service: &mut S, request: Request<B>) -> Response<R>
    where
        S: Service<Request<B>, Response = Response<R>, Error: Debug>,
        B: Clone + Default,
    {
        let (mut parts, mut body) = request.into_parts();
        let mut visit = self.visit(&parts.uri.to_string());
        for _ in 0..=REDIRECTS {
            visit.how = if parts.method.is_safe() { How::Navigation } else { How::Form };
            let request = Request::from_parts(parts.clone(), body.clone());
            let response = self.send_as(visit.clone(), service, request).await.deliver();
            let location = response.headers().get(LOCATION).map(|location| location.to_str().unwrap());
            let Some(location) = location.filter(|_| response.status().is_redirection()) else { return response };
            // Who began it stays the page that had the link, or the address bar.
            visit.url = visit.url.join(location).unwrap();
            if turns_into_get(response.status(), &parts.method) {
                parts.method = Method::GET;
                parts.headers.remove(CONTENT_LENGTH);
                parts.headers.remove(CONTENT_TYPE);
                body = B::default();
            }
        }
        panic!("more than {REDIRECTS} redirects");
    }
}

fn turns_into_get(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::SEE_OTHER => *method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        _ => false,
    }
}

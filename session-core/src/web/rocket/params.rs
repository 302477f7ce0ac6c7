//! What stands in paths, queries and forms.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rocket::form::{self, FromFormField, ValueField};
use rocket::http::impl_from_uri_param_identity;
use rocket::http::uri::Reference;
use rocket::http::uri::fmt::{Formatter, Path, Query, UriDisplay};
use rocket::request::FromParam;
use rocket::uri;

use crate::engine::Next;
use crate::store::SessionKey;

/// A part of a path that names a session, as [`encode`](SessionKey::encode) writes it: for a list of devices, to end one.
impl<'r> FromParam<'r> for SessionKey {
    type Error = &'r str;

    fn from_param(param: &'r str) -> Result<Self, &'r str> {
        Self::parse(param.as_bytes()).ok_or(param)
    }
}

/// A field of a query or a form. What is missing or refused is `/`.
impl<'r> FromFormField<'r> for Next {
    fn from_value(field: ValueField<'r>) -> form::Result<'r, Self> {
        Ok(Self::new(field.value).unwrap_or_default())
    }

    fn default() -> Option<Self> {
        Some(Default::default())
    }
}

/// What browsers leave as it is in a path, and rocket takes for no part of one.
const FOREIGN: &AsciiSet = &CONTROLS.add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// So that `Redirect::to` takes it.
impl From<Next> for Reference<'static> {
    fn from(next: Next) -> Self {
        let escaped = |next: &str| Self::parse_owned(utf8_percent_encode(next, FOREIGN).to_string());
        let as_it_is = Self::parse_owned(next.to_string());
        as_it_is.or_else(|_| escaped(next.as_str())).unwrap_or_else(|_| uri!("/").into())
    }
}

impl UriDisplay<Path> for SessionKey {
    fn fmt(&self, f: &mut Formatter<'_, Path>) -> fmt::Result {
        f.write_value(self.encode())
    }
}

impl UriDisplay<Query> for Next {
    fn fmt(&self, f: &mut Formatter<'_, Query>) -> fmt::Result {
        f.write_value(self.as_str())
    }
}

// So that `uri!` takes them.
impl_from_uri_param_identity!([Path] SessionKey, [Query] Next);

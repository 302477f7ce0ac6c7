//! Where a request goes, and from where: what decides which cookies go with it.

use url::{Host, Url};

/// A request, as far as cookies are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) url: Url,
    /// The page that makes the request, or has the one that does in a frame; none is the address bar.
    pub(crate) page: Option<Url>,
    pub(crate) how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The address bar, a link: the page becomes this one, by a safe method.
    Navigation,
    /// A form that is sent by an unsafe method: the page becomes this one.
    Form,
    /// A frame in the page, an image, a script's `fetch`: the page stays.
    Embedded,
}

impl Visit {
    /// Follows a link that the user typed, or that is on a page of the same site.
    pub(crate) fn to(url: &str) -> Self {
        Self { url: url.parse().expect("tests know what a URL is"), page: None, how: How::Navigation }
    }

    /// Makes the request from a page.
    pub(crate) fn from(self, page: &str, how: How) -> Self {
        Self { page: Some(page.parse().expect("tests know what a URL is")), how, ..self }
    }

    pub(crate) fn host(&self) -> &str {
        self.url.host_str().expect("http has a host")
    }

    /// Gives what a `Host` header says.
    pub(crate) fn authority(&self) -> String {
        self.url[url::Position::BeforeHost..url::Position::AfterPort].to_owned()
    }

    /// Tells whether `Secure` cookies travel there: by https, and by http to one's own machine.
    pub(crate) fn is_secure(&self) -> bool {
        let loopback = match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        self.url.scheme() == "https" || loopback
    }

    pub(crate) fn is_same_site(&self) -> bool {
        self.page.as_ref().is_none_or(|page| site(page) == site(&self.url))
    }

    /// Gives the site whose partition the request is in: that of the page which the user sees.
    pub(crate) fn partition(&self) -> String {
        match (&self.page, self.how) {
            (Some(page), How::Embedded) => site(page),
            _ => site(&self.url),
        }
    }

    /// Gives the path of a cookie that names none.
    pub(crate) fn default_path(&self) -> &str {
        match self.url.path().rfind('/') {
            None | Some(0) => "/",
            Some(last) => &self.url.path()[..last],
        }
    }

    pub(crate) fn host_matches(&self, domain: &str) -> bool {
        let host = self.host();
        let below = || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        host == domain || (matches!(self.url.host(), Some(Host::Domain(_))) && below())
    }

    pub(crate) fn path_matches(&self, path: &str) -> bool {
        is_below(self.url.path(), path)
    }
}

/// Tells whether `path` is `folder`, or in it.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
}

/// Tells whether nobody can own the domain. Browsers have a list of these; here, whatever has no dot is one.
pub(crate) fn is_public_suffix(domain: &str) -> bool {
    !domain.contains('.')
}

/// Gives the site of an address: its scheme, and the part of its host that somebody owns.
fn site(url: &Url) -> String {
    let host = match url.host() {
        Some(Host::Domain(name)) => name.rsplitn(3, '.').take(2).collect::<Vec<_>>(),
        _ => url.host_str().into_iter().collect(),
    };
    let host: Vec<_> = host.into_iter().rev().collect();
    format!("{}://{}", url.scheme(), host.join("."))
}

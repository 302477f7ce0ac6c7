//! What the cookie was before: attributes and names that it had.

use super::{CookiePartition, CookiePrefix};
use crate::store::Timestamp;

/// A whole name that the cookie had, and when that was changed.
#[derive(Clone, Debug)]
pub(crate) struct FormerName {
    pub(crate) name: String,
    pub(crate) changed_at: Timestamp,
}

/// A cookie of the same name that was set before, by what browsers tell such cookies apart: path, domain and partition.
/// What is not set is what most have: the path `/`, no domain, one cookie for all sites.
///
/// See [`with_former_attributes`](crate::CookieConfig::with_former_attributes).
///
/// ```
/// use session_core::cookie::FormerAttributes;
///
/// let shared = FormerAttributes::default().with_domain("example.org");
/// let narrow = FormerAttributes::default().with_path("/shop");
/// assert_ne!(shared, narrow);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FormerAttributes {
    pub(super) path: String,
    pub(super) domain: Option<String>,
    pub(super) partition: CookiePartition,
}

impl Default for FormerAttributes {
    fn default() -> Self {
        Self { path: "/".to_owned(), domain: None, partition: CookiePartition::default() }
    }
}

impl FormerAttributes {
    /// Sets the path that the cookie had.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the domain that the cookie had.
    #[must_use]
    pub fn with_domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Sets whether the cookie was one per embedding site.
    #[must_use]
    pub fn with_partition(mut self, partition: CookiePartition) -> Self {
        self.partition = partition;
        self
    }

    /// Tells whether browsers take both for one cookie.
    pub(super) fn is(&self, other: &Self) -> bool {
        let domain = |it: &Self| it.domain.as_ref().map(|domain| domain.to_ascii_lowercase());
        (&self.path, domain(self), self.partition) == (&other.path, domain(other), other.partition)
    }

    /// Tells whether browsers keep a cookie of that name with these.
    pub(super) fn fit(&self, name: &str) -> bool {
        !CookiePrefix::of(name).is_of_one_host() || (self.path == "/" && self.domain.is_none())
    }
}

use thiserror::Error;

/// Why a [`CookieConfig`](super::CookieConfig) or a [`SigningKey`](super::SigningKey) cannot work, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CookieError {
    /// The name is empty.
    #[error("the cookie's name is empty: give it one, such as \"session\"")]
    EmptyName,
    /// The name has a character that no cookie's name may have.
    #[error("{name:?} is no cookie name: use letters, digits, `-` and `_`")]
    InvalidName {
        /// The name given.
        name: String,
    },
    /// The name begins with a prefix that browsers enforce, in any case; or, behind `__Host-`, with the rest of a longer one.
    #[error("the cookie's name {name:?} already begins with a prefix: give the bare name and use `with_prefix`")]
    PrefixedName {
        /// The name given.
        name: String,
    },
    /// The prefix asks for `Secure`, which the config switched off.
    #[error(
        "browsers drop a `{prefix}` cookie that is not Secure: use CookieTransport::Https, or for plain http \
         CookiePrefix::None"
    )]
    PrefixWithoutSecure {
        /// The prefix.
        prefix: &'static str,
    },
    /// The prefix, `__Host-Http-` or `__Host-`, forbids a domain.
    #[error(
        "browsers drop a `{prefix}` cookie with a Domain ({domain:?}): leave the domain out, or use \
         CookiePrefix::Secure or CookiePrefix::Http"
    )]
    HostPrefixWithDomain {
        /// The prefix.
        prefix: &'static str,
        /// The domain given.
        domain: String,
    },
    /// The prefix, `__Host-Http-` or `__Host-`, asks for the path `/`.
    #[error(
        "browsers drop a `{prefix}` cookie with another Path than \"/\" ({path:?}): leave the path out, or use \
         CookiePrefix::Secure or CookiePrefix::Http"
    )]
    HostPrefixWithPath {
        /// The prefix.
        prefix: &'static str,
        /// The path given.
        path: String,
    },
    /// `SameSite=None` asks for `Secure`, which the config switched off.
    #[error("browsers drop a SameSite=None cookie that is not Secure: use CookieTransport::Https or SameSite::Lax")]
    SameSiteNoneWithoutSecure,
    /// `Partitioned` asks for `Secure`, which the config switched off.
    #[error(
        "browsers drop a Partitioned cookie that is not Secure: use CookieTransport::Https or CookiePartition::Shared"
    )]
    PartitionedWithoutSecure,
    /// The path cannot stand in a cookie.
    #[error(
        "{path:?} is no cookie path: begin with \"/\", percent-encode blanks and what is not ASCII, leave out `;`, \
         and stay within 1,024 bytes"
    )]
    InvalidPath {
        /// The path given.
        path: String,
    },
    /// The domain cannot stand in a cookie.
    #[error(
        "{domain:?} is no cookie domain: give a registered name in ASCII without a leading dot or a port, such as \
         \"example.org\"; for a single host, an IP address or localhost leave the domain out"
    )]
    InvalidDomain {
        /// The domain given.
        domain: String,
    },
    /// Former attributes are named that the cookie has now, or that are named twice.
    #[error("former attributes are named that are the present ones, or named before: leave them out")]
    SameFormerAttributes,
    /// A former name is the present one, or is named twice.
    #[error("the former name {name:?} is the present one, or was named before: leave it out")]
    SameFormerName {
        /// The name.
        name: String,
    },
    /// Former attributes are named that the prefix, `__Host-Http-` or `__Host-`, forbids.
    #[error(
        "browsers never kept a `{prefix}` cookie with the Path {path:?} and the Domain {domain:?}: leave these former \
         attributes out, or name the former name that had them"
    )]
    HostPrefixWithFormerAttributes {
        /// The prefix.
        prefix: &'static str,
        /// The path named.
        path: String,
        /// The domain named.
        domain: Option<String>,
    },
    /// Signing is asked for, without a key.
    #[error("the list of signing keys is empty: give one, or leave `with_signing_keys` out")]
    NoSigningKey,
    /// A step by which signing is introduced is set, without keys to sign by.
    #[error(
        "what becomes of unsigned cookies is set, and no signing key: give one, or leave `with_unsigned_cookies` out"
    )]
    UnsignedWithoutSigningKey,
    /// A signing key is too short to be safe.
    #[error("a signing key has at least {min} bytes, this has {len}: draw {min} from a cryptographic source")]
    ShortSigningKey {
        /// How many bytes the key has.
        len: usize,
        /// How many it must have.
        min: usize,
    },
    /// With name, value and attributes the cookie is longer than every browser takes.
    #[error("the cookie would have {len} bytes, and browsers take {max}: shorten its name, path or domain")]
    TooLong {
        /// How many bytes it would have.
        len: usize,
        /// How many it may have.
        max: usize,
    },
}

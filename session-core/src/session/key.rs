//! Names of values in a session, with or without a type.

use std::fmt;
use std::marker::PhantomData;

/// The name of a value in a session and the type that it has, so that no two handlers disagree.
///
/// ```
/// use session_core::Key;
///
/// const CART: Key<Vec<String>> = Key::new("cart");
/// assert_eq!(CART.name(), "cart");
/// ```
pub struct Key<T> {
    name: &'static str,
    on_wrong_type: OnWrongType,
    value: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// Creates a key of a name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, on_wrong_type: OnWrongType::Fail, value: PhantomData }
    }

    /// Sets what holds where the value is of another type, as after a deployment that changed the type.
    ///
    /// ```
    /// use session_core::{Key, OnWrongType};
    ///
    /// const CART: Key<Vec<String>> = Key::new("cart").on_wrong_type(OnWrongType::Absent);
    /// ```
    #[must_use]
    pub const fn on_wrong_type(self, on_wrong_type: OnWrongType) -> Self {
        Self { on_wrong_type, ..self }
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> fmt::Debug for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.name)
    }
}

/// What holds where a value is of another type than its key says. An event tells of it in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnWrongType {
    /// Who reads it is given [`SessionError::WrongType`](crate::SessionError::WrongType).
    #[default]
    Fail,
    /// The value counts as absent for those who read it: `get`, `update` and `take`. It stays until something is set in
    /// its place, so that a server which knows the type still reads it. For what can be done without: a cart of a moment
    /// ago, not a balance.
    Absent,
}

/// The name under which a session holds a value: a text, or a [`Key`].
pub trait AsKey {
    /// Returns the name.
    fn as_key(&self) -> &str;

    /// Returns what holds where the value is of another type; a text has no opinion, and who reads it fails.
    fn when_wrong_type(&self) -> OnWrongType {
        OnWrongType::Fail
    }
}

/// The name of a value of type `T`: a text may name any type, a [`Key`] only its own.
pub trait KeyOf<T>: AsKey {}

impl AsKey for &str {
    fn as_key(&self) -> &str {
        self
    }
}

impl<T> KeyOf<T> for &str {}

impl AsKey for &String {
    fn as_key(&self) -> &str {
        self
    }
}

impl<T> KeyOf<T> for &String {}

impl<T> AsKey for Key<T> {
    fn as_key(&self) -> &str {
        self.name
    }

    fn when_wrong_type(&self) -> OnWrongType {
        self.on_wrong_type
    }
}

impl<T> KeyOf<T> for Key<T> {}

//! Names of values in a session, with or without a type.

use std::fmt;
use std::marker::PhantomData;

/// Names a value in a session and says what type it has, so that no two handlers disagree.
///
/// ```
/// use session_core::Key;
///
/// const CART: Key<Vec<String>> = Key::new("cart");
/// assert_eq!(CART.name(), "cart");
/// ```
pub struct Key<T> {
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// Makes a key of a name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, value: PhantomData }
    }

    /// Gives the name.
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

/// Gives the name under which a session holds a value: a text, or a [`Key`].
pub trait AsKey {
    /// Gives the name.
    fn as_key(&self) -> &str;
}

/// Gives the name of a value of type `T`: a text may name any type, a [`Key`] only its own.
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
}

impl<T> KeyOf<T> for Key<T> {}

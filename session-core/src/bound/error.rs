//! Why a proof is refused.

use thiserror::Error;

/// Why a device's proof was refused; for logs, since the browser is told nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProofError {
    /// There is no proof, or it is not one as browsers make them.
    #[error("the proof is no signed token as browsers send it")]
    Malformed,
    /// It is signed by another algorithm than was offered, or than the key was registered for.
    #[error("the proof is signed by an algorithm that is not the key's")]
    Algorithm,
    /// It registers a key that cannot be used, or names another one than was registered.
    #[error("the key of the proof cannot be used, or is not the one that was registered")]
    Key,
    /// The signature is not the key's.
    #[error("the signature of the proof is not the key's")]
    Signature,
    /// It answers no challenge of this binding's, or one that is too old.
    #[error("the proof answers no challenge of this session's, or one that is too old")]
    Challenge,
    /// It answers a challenge that was answered before.
    #[error("the proof answers a challenge that was answered before")]
    Used,
    /// The session is not offered to be bound, or is bound already.
    #[error("the session is not there to be bound, or is bound already")]
    NotOffered,
    /// The request was made by a page of another site.
    #[error("the request was made by a page of another site")]
    OtherSite,
}

//! What is refused when it is set, and what is said of a value that is of another type.

mod explained;
mod refused;

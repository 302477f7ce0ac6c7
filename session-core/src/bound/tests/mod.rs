mod keys; // keys of both kinds
mod proofs; // what is taken for a proof
mod times; // challenges and cookies

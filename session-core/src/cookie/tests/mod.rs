mod grammar; // the cases of RFC 6265bis
mod reading; // what is read of what is sent

//! Values for the statements of a store, whichever database it is.

/// What stands for the values of a statement, in their order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given {
    Key,
    Owner,
    Bytes,
    Number(i64),
}

pub(crate) fn given(verb: &str) -> Vec<Given> {
    use Given::{Bytes, Key, Number, Owner};
    match verb {
        "get" | "delete" => vec![Key],
        "create" => vec![Key, Number(1), Bytes, Owner, Number(1), Number(1), Number(1), Number(1)],
        "replace" | "shorten" | "end" => {
            vec![Number(2), Bytes, Owner, Number(1), Number(1), Number(1), Number(1), Key, Number(1), Number(1)]
        }
        "touch" => vec![Number(1), Number(2), Key, Number(1), Number(1)],
        "list" => vec![Number(10_000), Owner, Number(0), Number(100)],
        "scan" => vec![Number(10_000), Key, Number(100)],
        "delete_expired" | "refile" => vec![Number(10_000), Number(100)],
        other => panic!("a verb that this test does not know: {other}"),
    }
}

/// Binds such values, and the guard if there is one.
macro_rules! bound {
    ($query:expr, $verb:expr, $guard:expr) => {{
        use $crate::support::{bed::key, given::Given};

        let mut query = $query;
        for value in $crate::support::given::given($verb) {
            query = match value {
                Given::Key => query.bind(key(7_777).as_bytes().to_vec()),
                Given::Owner => query.bind(b"ann".to_vec()),
                Given::Bytes => query.bind(vec![1_u8; 200]),
                Given::Number(number) => query.bind(number),
            };
        }
        match $guard {
            Some(guard) => query.bind(guard),
            None => query,
        }
    }};
}
pub(crate) use bound;

//! One file for each peer: its calls, and nothing else.

/// The verbs of a peer with several stores, each the field that is named: by the functions of its file.
macro_rules! verbs {
    ($store:ident) => {
        async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
            load(&self.$store, key).await
        }

        async fn create(&self, key: &SessionKey, record: &Record) -> Result<bool, StoreError> {
            create(&self.$store, key, record).await
        }

        async fn save(&self, key: &SessionKey, record: &Record) -> Result<bool, StoreError> {
            save(&self.$store, key, record).await
        }

        async fn delete(&self, key: &SessionKey) -> Result<(), StoreError> {
            delete(&self.$store, key).await
        }
    };
}

pub(crate) mod actix_session;
pub(crate) mod async_session;
pub(crate) mod axum_session;
pub(crate) mod place;
pub(crate) mod tower_sessions;

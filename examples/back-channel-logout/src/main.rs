//! Serves the application on port 3000, for the provider that the environment names.

use std::error::Error;
use std::{env, fs};

use example_back_channel_logout::{App, BACK_CHANNEL, Provider, UsedTokens, app};
use session_core::{Sessions, SweeperConfig};
use session_ets::{EtsStore, Table};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let set = |name: &str| env::var(name).map_err(|error| format!("{name}: {error}"));
    let (issuer, client_id) = (set("OIDC_ISSUER")?, set("OIDC_CLIENT_ID")?);
    let algorithm = env::var("OIDC_ALGORITHM").unwrap_or_else(|_| "RS256".to_owned()).parse()?;
    let keys = serde_json::from_str(&fs::read_to_string(set("OIDC_JWKS_FILE")?)?)?;

    let sessions = Sessions::builder(EtsStore::new(Table::private())).build()?;
    let used = UsedTokens::new(EtsStore::new(Table::private()));
    sessions.init().await?;
    used.init().await?;
    let _sweeper = sessions.start_sweeper(SweeperConfig::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}; {issuer} may POST to {BACK_CHANNEL}", listener.local_addr()?);
    let app = app(App { sessions, provider: Provider::new(&issuer, &client_id, algorithm, keys), used });
    Ok(axum::serve(listener, app).await?)
}

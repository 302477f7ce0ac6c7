//! The crate's page grants what the tests run with.

mod common;

use common::admin::Admin;
use common::{ACCESS, CLUSTER_ACCESS, DATABASE_ACCESS, User, command, key, record};
use session_conformance::servers::{Alone, Redis};
use session_redis::redis::{Client, Value};
use session_redis::session_core::{Put, PutOutcome, SessionStore, StoreError};
use session_redis::{RedisConfig, RedisStore};

#[test]
fn the_page_lists_what_the_tests_are_granted() {
    let page = include_str!("../README.md");
    let listed = page.split("~session:*").nth(1).and_then(|rest| rest.split("```").next()).expect("a list on the page");
    let listed: Vec<_> = listed.split_whitespace().collect();
    let granted: Vec<_> = ACCESS.split_whitespace().collect();
    assert_eq!(listed, granted);
    assert!(page.contains(&format!("For a database other than 0 also `{DATABASE_ACCESS}`")));
    assert!(page.contains(&format!("on a cluster `{CLUSTER_ACCESS}`")));
}

/// A server of one's own, for what it logs is everybody's.
async fn alone(arguments: &[&str]) -> (Alone, Admin) {
    let server = Redis::alone(arguments).await.expect("a server");
    let admin = Admin::of(&Client::open(server.url()).unwrap()).await.unwrap();
    (server, admin)
}

/// Makes a store of a URL, for a user with these rights.
async fn store(admin: &Admin, url: &str, access: &[&str]) -> RedisStore {
    let user = User::new();
    admin.run::<Value>(&user.made_with(access)).await.unwrap();
    RedisStore::from_url(&user.url(url), RedisConfig::default().with_prefix(&user.name)).unwrap()
}

async fn keeps(store: &RedisStore) {
    store.init().await.unwrap();
    let (key, record) = (key(), record(None));
    assert_eq!(store.put(&key, &record, Put::Create).await.unwrap(), PutOutcome::Stored);
    assert_eq!(*store.get(&key).await.unwrap().unwrap(), record);
    assert!(store.delete(&key).await.unwrap());
}

#[tokio::test]
async fn what_the_page_grants_is_enough_and_nothing_else_is_tried() {
    let (server, admin) = alone(&[]).await;
    keeps(&store(&admin, server.url(), &[ACCESS]).await).await;
    let other = format!("{}/3", server.url());
    keeps(&store(&admin, &other, &[ACCESS, DATABASE_ACCESS]).await).await;
    let denied: Vec<Value> = admin.run(&command("ACL LOG")).await.unwrap();
    assert!(denied.is_empty(), "{denied:?}");
}

#[tokio::test]
async fn a_database_that_one_may_not_use_is_told_with_the_servers_words() {
    let (server, admin) = alone(&[]).await;
    for (database, access, said) in [
        (3, vec![ACCESS], "no permissions to run the 'select' command"),
        (99, vec![ACCESS, DATABASE_ACCESS], "DB index is out of range"),
    ] {
        let store = store(&admin, &format!("{}/{database}", server.url()), &access).await;
        let error = store.init().await.unwrap_err();
        let StoreError::Misconfigured { source, .. } = &error else { panic!("{error:?}") };
        let text = source.to_string();
        assert!(text.contains(said) && text.contains("`+select`"), "{text}");
        assert!(matches!(store.get(&key()).await, Err(StoreError::Misconfigured { .. })));
    }
}

#[tokio::test]
async fn a_server_without_scripts_is_refused_by_init() {
    let (server, admin) = alone(&["--rename-command", "EVAL", ""]).await;
    let renamed = RedisStore::from_url(server.url(), RedisConfig::default()).unwrap();
    let (all_but, _) = ACCESS.split_once("+eval ").unwrap();
    let denied = store(&admin, server.url(), &[all_but, "+info"]).await;
    for store in [renamed, denied] {
        let error = store.init().await.unwrap_err();
        assert!(matches!(error, StoreError::Misconfigured { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_valkey_url_is_a_redis_url() {
    let (server, admin) = alone(&[]).await;
    keeps(&store(&admin, &server.url().replace("redis://", "valkey://"), &[ACCESS]).await).await;
}

#[cfg(feature = "cluster")]
mod cluster {
    use session_conformance::servers::RedisCluster;

    use super::*;

    const ACCESS_TO_ALL: [&str; 3] = [ACCESS, CLUSTER_ACCESS, DATABASE_ACCESS];

    /// Valkey 9 and what follows it can have several.
    const SEVERAL: [&str; 2] = ["--cluster-databases", "16"];

    /// A cluster, and whoever looks after each of its nodes: users are each node's own.
    async fn alone(arguments: &[&str]) -> (Alone, Vec<Admin>) {
        let server = RedisCluster::alone(arguments).await.expect("a server");
        let (user, _) = server.url().rsplit_once('@').unwrap();
        let user = user.replace("redis-cluster", "redis");
        let mut admins = Vec::new();
        for node in server.nodes() {
            let client = Client::open(format!("{user}@127.0.0.1:{}", node.port())).unwrap();
            admins.push(Admin::of(&client).await.unwrap());
        }
        (server, admins)
    }

    /// Makes a store of a URL, for a user with these rights on all nodes.
    async fn store(admins: &[Admin], url: &str, access: &[&str]) -> RedisStore {
        let user = User::new();
        for admin in admins {
            admin.run::<Value>(&user.made_with(access)).await.unwrap();
        }
        RedisStore::from_url(&user.url(url), RedisConfig::default().with_prefix(&user.name)).unwrap()
    }

    /// Gives what is said to somebody who is to set something right.
    async fn told(store: &RedisStore) -> String {
        let error = store.init().await.unwrap_err();
        let StoreError::Misconfigured { source, .. } = &error else { panic!("{error:?}") };
        assert!(matches!(store.get(&key()).await, Err(StoreError::Misconfigured { .. })));
        source.to_string()
    }

    #[tokio::test]
    async fn a_cluster_that_has_one_database_says_so_and_one_that_has_several_serves_them() {
        let (server, admins) = alone(&[]).await;
        let text = told(&store(&admins, &format!("{}/3", server.url()), &ACCESS_TO_ALL).await).await;
        let has_one =
            text.contains("SELECT is not allowed in cluster mode") || text.contains("DB index is out of range");
        assert!(has_one && text.contains("`cluster-databases`"), "{text}");
        keeps(&store(&admins, &format!("{}/0", server.url()), &[ACCESS, CLUSTER_ACCESS]).await).await;
        let setting: Vec<String> = admins[0].run(&command("CONFIG GET cluster-databases")).await.unwrap();
        if setting.is_empty() {
            return;
        }
        let (server, admins) = alone(&SEVERAL).await;
        let url = format!("{}/3", server.url());
        keeps(&store(&admins, &url, &ACCESS_TO_ALL).await).await;
        let [zero, three] = [server.url(), &url].map(|url| RedisStore::from_url(url, RedisConfig::default()).unwrap());
        let key = key();
        assert_eq!(three.put(&key, &record(None), Put::Create).await.unwrap(), PutOutcome::Stored);
        assert_eq!(zero.get(&key).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_a_cluster_refuses_is_told_and_asks_nobody_to_try_again() {
        let (server, admins) = alone(&[]).await;
        let stranger = RedisStore::from_url(&User::new().url(server.url()), RedisConfig::default()).unwrap();
        let text = told(&stranger).await;
        assert!(text.contains("WRONGPASS") && text.contains("the password in the URL"), "{text}");
        let text = told(&store(&admins, server.url(), &[ACCESS]).await).await;
        assert!(text.contains("NOPERM") && text.contains("this crate's page"), "{text}");
    }
}

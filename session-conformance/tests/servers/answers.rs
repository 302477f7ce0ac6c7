//! Each server starts, and does what it is for.

use std::process;

use session_conformance::servers::{
    MariaDb, Memcached, MySql, Postgres, Redis, RedisCluster, RedisSentinel, ServerError,
};

use crate::ask::{ask, ask_one, block_on, password};

#[test]
fn redis_keeps_what_it_is_given_and_asks_for_the_password() {
    let server = block_on(Redis::start()).unwrap();
    let url = server.url();
    assert!(url.starts_with("redis://"), "{url}");
    let key = format!("servers-{}", process::id());
    let answers = ask(url, &format!("AUTH {}\r\nSET {key} kept EX 60\r\nGET {key}\r\n", password(url)));
    assert!(answers[0].contains("$4\r\nkept"), "{answers:?}");
    let answers = ask(url, &format!("GET {key}\r\n"));
    assert!(answers[0].starts_with("-NOAUTH"), "{answers:?}");
}

#[test]
fn a_cluster_has_three_masters_with_a_replica_each() {
    let server = block_on(RedisCluster::start()).unwrap();
    let answers = ask(server.url(), &format!("AUTH {}\r\nINFO replication\r\n", password(server.url())));
    assert_eq!(answers.len(), 6);
    assert_eq!(answers.iter().filter(|answer| answer.contains("role:master")).count(), 3, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.contains("master_link_status:up")).count(), 3, "{answers:?}");
}

#[test]
fn three_sentinels_agree_on_a_master_with_two_replicas() {
    let server = block_on(RedisSentinel::start()).unwrap();
    let answers = ask(server.url(), "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster\r\n");
    assert_eq!(answers.len(), 3);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let port = answers[0].lines().nth(4).unwrap();
    let login = format!("AUTH {}\r\n", password(server.url()));
    let master = ask_one(&format!("127.0.0.1:{port}"), &format!("{login}INFO replication\r\n")).unwrap();
    assert!(master.contains("role:master") && master.contains("connected_slaves:2"), "{master}");
}

#[test]
fn memcached_keeps_what_it_is_given() {
    let server = block_on(Memcached::start()).unwrap();
    let key = format!("servers-{}", process::id());
    let answers = ask(server.url(), &format!("set {key} 0 60 4\r\nkept\r\nget {key}\r\n"));
    assert!(answers[0].starts_with("STORED") && answers[0].contains("kept"), "{answers:?}");
}

#[test]
fn databases_start_and_have_a_password_each() {
    let postgres = block_on(Postgres::start()).unwrap();
    assert!(postgres.url().starts_with("postgres://"), "{}", postgres.url());
    let mariadb = block_on(MariaDb::start()).unwrap();
    assert!(mariadb.url().starts_with("mysql://"), "{}", mariadb.url());
    assert_ne!(password(postgres.url()), password(mariadb.url()));
}

#[test]
fn mysql_starts_or_says_how_to_get_one() {
    match block_on(MySql::start()) {
        Ok(server) => assert!(server.url().starts_with("mysql://"), "{}", server.url()),
        Err(error) => names_the_ways(&error, "MYSQL", "mysql:8.4", "mysqld"),
    }
}

fn names_the_ways(error: &ServerError, variable: &str, image: &str, program: &str) {
    let text = error.to_string();
    for part in [&format!("SESSION_TEST_{variable}_URL"), image, program] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn debug_shows_no_password() {
    let server = block_on(Redis::start()).unwrap();
    assert!(!format!("{server:?}").contains(password(server.url())));
}

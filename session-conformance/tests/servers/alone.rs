//! A server of one's own can be killed, paused and started again.

use session_conformance::servers::{Alone, MariaDb, Memcached, Postgres, Redis, RedisCluster, RedisSentinel};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::ask::{ask, ask_one, block_on, password, until};

fn listens(server: &Alone, node: usize) -> bool {
    TcpStream::connect(("127.0.0.1", server.nodes()[node].port())).is_ok()
}

#[test]
fn a_killed_redis_comes_back_with_what_it_had_on_disk() {
    block_on(async {
        let server = Redis::alone(&["--appendonly", "yes", "--appendfsync", "always"]).await.unwrap();
        let login = format!("AUTH {}\r\n", password(server.url()));
        assert!(ask(server.url(), &format!("{login}SET key kept\r\n"))[0].ends_with("+OK\r\n"));
        let node = &server.nodes()[0];
        for _ in 0..3 {
            node.kill().await.unwrap();
            assert!(!listens(&server, 0));
            assert_eq!(node.kill().await.unwrap_err().kind(), ErrorKind::NotFound);
            node.restart().await.unwrap();
            server.ready().await.unwrap();
            assert!(ask(server.url(), &format!("{login}GET key\r\n"))[0].ends_with("kept\r\n"));
        }
    });
}

#[test]
fn killed_databases_come_back() {
    block_on(async {
        for server in [Postgres::alone(&[]).await.unwrap(), MariaDb::alone(&[]).await.unwrap()] {
            server.nodes()[0].kill().await.unwrap();
            assert!(!listens(&server, 0));
            server.nodes()[0].restart().await.unwrap();
            server.ready().await.unwrap();
        }
    });
}

#[test]
fn a_killed_master_of_a_cluster_is_replaced_and_comes_back_as_a_replica() {
    block_on(async {
        let server = RedisCluster::alone(&[]).await.unwrap();
        let question = format!("AUTH {}\r\nINFO replication\r\n", password(server.url()));
        let masters = |nodes: &[usize]| {
            let is_master = |node: &&usize| {
                let address = format!("127.0.0.1:{}", server.nodes()[**node].port());
                ask_one(&address, &question).is_ok_and(|answer| answer.contains("role:master"))
            };
            nodes.iter().filter(is_master).count()
        };
        assert_eq!(masters(&[0, 1, 2]), 3);
        server.nodes()[0].kill().await.unwrap();
        until("a replica takes over", || masters(&[1, 2, 3, 4, 5]) == 3);
        server.nodes()[0].restart().await.unwrap();
        server.ready().await.unwrap();
        until("it becomes a replica", || masters(&[0]) == 0);
    });
}

#[test]
fn sentinels_name_another_master_when_theirs_is_killed() {
    block_on(async {
        let server = RedisSentinel::alone(&[]).await.unwrap();
        let question = "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster\r\n";
        let old = server.nodes()[0].port().to_string();
        assert!(ask(server.url(), question).iter().all(|answer| answer.contains(&old)));
        server.nodes()[0].kill().await.unwrap();
        until("another master is named", || ask(server.url(), question).iter().all(|answer| !answer.contains(&old)));
    });
}

#[test]
fn a_paused_server_takes_questions_and_answers_when_it_is_resumed() {
    block_on(async {
        let server = Memcached::alone(&[]).await.unwrap();
        let node = &server.nodes()[0];
        let mut client = TcpStream::connect(("127.0.0.1", node.port())).unwrap();
        node.pause().unwrap();
        client.write_all(b"version\r\n").unwrap();
        client.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut answer = [0; 7];
        let none = client.read_exact(&mut answer).unwrap_err();
        assert!(matches!(none.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{none:?}");
        node.resume().unwrap();
        client.set_read_timeout(None).unwrap();
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"VERSION");
    });
}

#[test]
fn it_ends_when_it_is_dropped_even_while_it_is_paused() {
    let server = block_on(Memcached::alone(&[])).unwrap();
    let port = server.nodes()[0].port();
    server.nodes()[0].pause().unwrap();
    drop(server);
    until("it ends", || TcpStream::connect(("127.0.0.1", port)).is_err());
}

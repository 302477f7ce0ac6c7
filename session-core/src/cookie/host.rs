use std::net::{Ipv4Addr, Ipv6Addr};

/// Tells whether a `Host` header names this machine: `localhost` and what lies below, 127.0.0.0/8 or
/// `[::1]`, with or without a port; and `0.0.0.0` and `[::]`, which servers print as where they listen, and which lead
/// a browser to its own machine.
///
/// What is malformed names nothing. It guards against a mistake, a development cookie that went
/// live, not against an attacker: who can send requests can send any `Host`.
pub(super) fn is_loopback(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else { return false };
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').is_some_and(|(address, port)| {
            is_port(port)
                && address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback() || address.is_unspecified())
        });
    }
    let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
    let name = name.strip_suffix('.').unwrap_or(name);
    is_port(port)
        && (is_localhost(name)
            || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback() || address.is_unspecified()))
}

/// Takes `*.localhost`, too: RFC 6761 promises that it never leaves the machine.
fn is_localhost(name: &str) -> bool {
    let mut labels = name.rsplit('.');
    labels.next().is_some_and(|last| last.eq_ignore_ascii_case("localhost")) && labels.all(is_label)
}

/// Tells whether `label` can stand between the dots of a host's name.
pub(super) fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Takes nothing, or a colon and a port, which may be empty.
fn is_port(port: &str) -> bool {
    port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            digits.is_empty() || (digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_has_many_spellings() {
        for host in [
            "localhost",
            "LocalHost",
            "localhost.",
            "localhost:",
            "localhost:3000",
            "localhost.:65535",
            "shop.localhost",
            "a.b_c.LOCALHOST:80",
            "127.0.0.1",
            "127.0.0.1:8080",
            "127.255.255.254",
            "127.0.0.1.",
            "[::1]",
            "[::1]:3000",
            "[0:0:0:0:0:0:0:1]",
            "0.0.0.0",
            "0.0.0.0:3000",
            "[::]",
            "[::]:3000",
        ] {
            assert!(is_loopback(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn everything_else_is_not_loopback() {
        for host in [
            "",
            ".",
            ":80",
            "example.org",
            "localhost.example.org",
            "notlocalhost",
            ".localhost",
            "a..localhost",
            "-a.localhost",
            "localhost..",
            "localhost:x",
            "localhost:65536",
            "localhost:80:80",
            "localhost, example.org",
            "localhost ",
            " localhost",
            "evil.org\0.localhost",
            "user@localhost",
            "locälhost",
            "128.0.0.1",
            "10.0.0.1",
            "0.0.0.1",
            "127.1",
            "0127.0.0.1",
            "2130706433",
            "127.0.0.1.example.org",
            "::1",
            "[::1",
            "[::1]x",
            "[::2]",
            "[::ffff:10.0.0.1]",
            "[]",
        ] {
            assert!(!is_loopback(host.as_bytes()), "{host}");
        }
        assert!(!is_loopback(b"\xfflocalhost"));
    }
}

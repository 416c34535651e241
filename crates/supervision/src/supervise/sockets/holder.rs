//! Who has an address that is in use, as far as /proc tells.

use crate::proc::files::holders;
use crate::proc::{self, net};
use protocol::listen::{Address, Kind, Listen};
use std::fs::File;
use std::io::Read;

/// The most holders that are named.
const MOST: usize = 3;

/// The most that is read of a table: more than a hundred thousand lines.
const LONGEST_TABLE: u64 = 32 * 1024 * 1024;

/// The processes that have the address of a line: `nginx -g daemon off; (pid 7)`. `None` where they are not known.
#[must_use]
pub fn named(listen: &Listen) -> Option<String> {
    let inodes = inodes(listen);
    let found = holders(&inodes).ok().filter(|_| !inodes.is_empty())?;
    let (first, last) = found.split_at(found.len().min(MOST));
    let named = first.iter().map(|pid| format!("{} (pid {pid})", proc::command_line(*pid)));
    let mut named: Vec<String> = named.collect();
    if !last.is_empty() {
        named.push(format!("{} more", last.len()));
    }
    (!named.is_empty()).then(|| named.join(", "))
}

/// The sockets that are in the way: those that take connections, or where there are none any other.
fn inodes(listen: &Listen) -> Vec<u64> {
    let mut found: Vec<(bool, u64)> = match &listen.address {
        Address::Internet { host, port, .. } => {
            let tables = match listen.kind {
                Kind::Datagram => ["udp", "udp6"],
                Kind::Stream { .. } | Kind::Packets { .. } => ["tcp", "tcp6"],
            };
            let tables = tables.map(table);
            let lines = tables.iter().flat_map(|table| table.split(|byte| *byte == b'\n'));
            let is_it = |one: &net::OnPort| one.port == *port && one.host.overlaps(host);
            let found = lines.filter_map(net::on_port).filter(is_it);
            found.map(|one| (one.is_listening, one.inode)).collect()
        }
        Address::Path { path, .. } => at_path(path.as_bytes()),
        Address::Abstract(name) => at_path(&[b"@", name.as_bytes()].concat()),
    };
    found.retain(|(_, inode)| *inode != 0);
    let is_taken = found.iter().any(|(is_listening, _)| *is_listening);
    found.into_iter().filter(|(is_listening, _)| *is_listening == is_taken).map(|(_, inode)| inode).collect()
}

fn at_path(path: &[u8]) -> Vec<(bool, u64)> {
    let table = table("unix");
    let lines = table.split(|byte| *byte == b'\n').filter_map(net::at_path);
    lines.filter(|one| one.path == path).map(|one| (one.is_listening, one.inode)).collect()
}

/// A table of this process' network; empty where it cannot be read.
fn table(name: &str) -> Vec<u8> {
    let mut content = Vec::new();
    if let Ok(file) = File::open(format!("/proc/self/net/{name}")) {
        let _ = file.take(LONGEST_TABLE).read_to_end(&mut content);
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    fn holders_of(line: &str) -> Option<String> {
        named(&protocol::listen::parse(line.as_bytes(), None).unwrap()[0])
    }

    #[test]
    fn who_is_on_a_port_or_at_a_path_is_named() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let ours = format!("(pid {})", std::process::id());
        for line in [format!("127.0.0.1:{port}"), format!("0.0.0.0:{port}"), format!(":{port}")] {
            assert!(holders_of(&line).unwrap().ends_with(&ours), "{line}");
        }
        assert_eq!(holders_of(&format!("127.0.0.2:{port}")), None);
        assert_eq!(holders_of(&format!("[::]:{port} v6only")), None);
        assert_eq!(holders_of(&format!("127.0.0.1:{port} type=dgram")), None);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let _unix = UnixListener::bind(&path).unwrap();
        assert!(holders_of(path.to_str().unwrap()).unwrap().ends_with(&ours));
        assert_eq!(holders_of("@nobody-has-this-one"), None);
    }
}

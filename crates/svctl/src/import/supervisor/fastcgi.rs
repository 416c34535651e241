//! The socket of an `[fcgi-program:x]`: here it is a `listen`, and the program gets it as its stdin all the same.

use super::expand::{Names, expand};
use super::ini::{Ini, Section};
use super::values;

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    address: String,
    is_path: bool,
    backlog: Option<i64>,
    owner: Option<String>,
    mode: u32,
}

/// The socket of a section; `Err` with the reason why there is none like it here.
pub(super) fn socket(ini: &Ini, section: &Section, program: &str, names: &Names) -> Result<Socket, String> {
    let mut names = names.clone();
    names.insert("program_name".to_owned(), super::expand::Value::Text(program.to_owned()));
    let text = |option: &str| {
        let value = ini.value(section, option);
        let odd = |why: &dyn std::fmt::Display| format!("{option}: {why}");
        value.map(|value| expand(&value.text, &names).map_err(|why| odd(&why))).transpose()
    };
    let given = text("socket")?.ok_or("it has no socket")?;
    let backlog = text("socket_backlog")?.map(|text| values::integer(&text)).transpose()?;
    let mode = text("socket_mode")?.map(|text| values::octal(&text)).transpose()?.unwrap_or(0o700);
    let owner = text("socket_owner")?;
    if let Some(path) = given.strip_prefix("unix://") {
        if !path.starts_with('/') {
            return Err("socket: the path is not absolute".to_owned());
        }
        return Ok(Socket { address: path.to_owned(), is_path: true, backlog, owner, mode });
    }
    let address =
        given.strip_prefix("tcp://").ok_or("socket: it is neither tcp://HOST:PORT nor unix:///PATH")?;
    Ok(Socket { address: address.to_owned(), is_path: false, backlog, owner: None, mode })
}

impl Socket {
    /// Whether several processes can have it: each opens its own, which only ports allow.
    pub(super) fn can_be_shared(&self) -> bool {
        !self.is_path
    }

    /// The content of `listen`, for so many processes of that account.
    pub(super) fn line(&self, processes: usize, user: Option<&str>) -> String {
        let mut line = self.address.clone();
        if self.is_path {
            let (owner, group) = match self.owner.as_deref().or(user) {
                Some(owner) => owner
                    .split_once(':')
                    .map_or((Some(owner), None), |(owner, group)| (Some(owner), Some(group))),
                None => (None, None),
            };
            line.extend(owner.map(|owner| format!(" owner={owner}")));
            line.extend(group.map(|group| format!(" group={group}")));
            line.push_str(&format!(" mode={:04o}", self.mode & 0o777));
        } else if processes > 1 {
            line.push_str(" reuseport");
        }
        line.extend(self.backlog.map(|backlog| format!(" backlog={backlog}")));
        line.push('\n');
        line
    }

    /// What run does so that the socket is where a FastCGI program looks for it.
    pub(super) fn lines() -> [String; 2] {
        ["exec <&3 3<&-".to_owned(), "unset LISTEN_FDS LISTEN_PID LISTEN_FDNAMES".to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(options: &str) -> Result<Socket, String> {
        let mut ini = Ini::default();
        ini.read("x", format!("[fcgi-program:php]\n{options}").as_bytes()).unwrap();
        socket(&ini, ini.get("fcgi-program:php").unwrap(), "php", &Names::new())
    }

    #[test]
    fn a_socket_is_a_line_of_listen() {
        let port = of("socket=tcp://localhost:9000\nsocket_backlog=5").unwrap();
        assert_eq!(port.line(1, Some("www")), "localhost:9000 backlog=5\n");
        assert_eq!(port.line(2, None), "localhost:9000 reuseport backlog=5\n");
        let path = of("socket=unix:///run/%(program_name)s.sock").unwrap();
        assert_eq!(path.line(1, Some("www")), "/run/php.sock owner=www mode=0700\n");
        let path = of("socket=unix:///run/x\nsocket_owner=bob:www\nsocket_mode=0660").unwrap();
        assert_eq!(path.line(1, Some("www")), "/run/x owner=bob group=www mode=0660\n");
        for odd in ["", "socket=unix://x", "socket=localhost:9000", "socket=tcp://a:1\nsocket_backlog=x"] {
            of(odd).unwrap_err();
        }
    }
}

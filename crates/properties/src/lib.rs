//! What must hold of each parser, whatever bytes it is given: it does not panic, what it writes it reads, it stays in its
//! bounds, and it agrees with a reading so slow and simple that one can see that it is right.
//!
//! A function a parser. The fuzz targets in `fuzz/` call them with what a fuzzer finds, the tests here with every file
//! of `fuzz/corpus/` and with generated variations of them; so a fault that a fuzzer has found once is a file in the corpus
//! from then on.
//!
//! | file | what is parsed |
//! |---|---|
//! | `account.rs` | whom to become, and the account database |
//! | `arguments.rs` | command lines, and values in them |
//! | `folder.rs` | names in a service directory, files of variables and of names |
//! | `import.rs` | configurations of other supervisors |
//! | `log.rs` | scripts and patterns of multilog, and where its files end |
//! | `record.rs` | what programs tell each other |
//! | `socket.rs` | the sockets of a service, and who has an address |
//! | `text.rs` | what is shown to people |
//! | `time.rs` | stamps and labels |
//! | `value.rs` | values of a service, and what /proc says of its processes |

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a property that does not hold panics: that is how it says so"
)]

mod account;
mod arguments;
mod folder;
mod import;
mod log;
mod record;
mod socket;
mod text;
mod time;
mod value;

pub use account::{group, nsswitch, passwd, user};
pub use arguments::{options, runas, softlimit, svc, svwait};
pub use folder::{control, environment, identity, ini, instance, needs, service};
pub use import::supervisord;
pub use log::{cuts, multilog, shell_pattern, simple_pattern};
pub use record::{command, notify, report, status, tai64n};
pub use socket::{ids, listen, net, sockets};
pub use text::{explain, script, svstat, text, title};
pub use time::{label, stamp};
pub use value::{capabilities, command_line, duration, leftovers, signal, stat};

/// Panics where a property of its parser does not hold.
pub type Property = fn(&[u8]);

/// Every property under its name, which its fuzz target and the folder of its corpus bear too.
pub const ALL: &[(&str, Property)] = &[
    ("capabilities", capabilities),
    ("command", command),
    ("command_line", command_line),
    ("control", control),
    ("cuts", cuts),
    ("duration", duration),
    ("environment", environment),
    ("explain", explain),
    ("group", group),
    ("identity", identity),
    ("ids", ids),
    ("ini", ini),
    ("instance", instance),
    ("label", label),
    ("leftovers", leftovers),
    ("listen", listen),
    ("multilog", multilog),
    ("needs", needs),
    ("net", net),
    ("notify", notify),
    ("nsswitch", nsswitch),
    ("options", options),
    ("passwd", passwd),
    ("report", report),
    ("runas", runas),
    ("script", script),
    ("service", service),
    ("shell_pattern", shell_pattern),
    ("signal", signal),
    ("simple_pattern", simple_pattern),
    ("sockets", sockets),
    ("softlimit", softlimit),
    ("stamp", stamp),
    ("stat", stat),
    ("status", status),
    ("supervisord", supervisord),
    ("svc", svc),
    ("svstat", svstat),
    ("svwait", svwait),
    ("tai64n", tai64n),
    ("text", text),
    ("title", title),
    ("user", user),
];

//! Accounts that are in no file: NSS is asked, and loads a service that we compile here.

use crate::database::{AUDIO, BOB, Database, WWW};
use std::fs;
use std::path::Path;
use std::process::Command;
use testkit::{Tool, ours, skip};

/// What `directory.c` knows.
const CAROL: u32 = 61010;
const STAFF: u32 = 61110;

/// The database of the tests, and behind its files the service; `None` where it cannot be.
fn database() -> Option<Database> {
    if !Path::new("/etc/nsswitch.conf").exists() {
        skip("it needs an nsswitch.conf to lay its own over");
        return None;
    }
    let database = Database::new()?;
    let library = database.path("libnss_directory.so.2");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o"]).arg(&library);
    cc.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/runas/directory.c"));
    if !cc.status().is_ok_and(|status| status.success()) {
        skip("it needs a C compiler");
        return None;
    }
    fs::write(database.path("nsswitch.conf"), "passwd: files directory\ngroup: files directory\n").unwrap();
    Some(database)
}

fn tool(database: &Database, program: &str) -> Tool {
    database.tool(ours(program)).env("LD_LIBRARY_PATH", database.path(""))
}

#[test]
fn accounts_and_groups_of_a_directory_server_are_become() {
    let Some(database) = database() else { return };
    let ids = ["sh", "-c", "echo $(id -u) $(id -G) $HOME $USER $SHELL"];
    let carol = format!("{CAROL} {CAROL} {STAFF} /carol carol /bin/carolsh\n");
    tool(&database, "runas").arg("carol").args(ids).run().errors("").prints(&carol).exits(0);
    let bob = format!("{BOB} {WWW} {AUDIO} {STAFF}\n");
    let ids = ["sh", "-c", "echo $(id -G)"];
    for (program, arguments) in [("runas", &["bob"][..]), ("setuidgid", &["-s", "bob"])] {
        tool(&database, program).args(arguments).args(ids).run().errors("").prints(&bob).exits(0);
    }
    let stranger = tool(&database, "runas").args(["dave", "true"]).run();
    stranger.errors("runas: fatal: unknown account dave\n").exits(111);
}

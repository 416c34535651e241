//! PostgreSQL, which says by sd_notify that it is ready, and a client that waits for that.

use super::page::{Page, fill, make};
use super::{covered, has, log, ready, restart, says, take_down};
use crate::apart::Apart;
use protocol::status::Phase;
use std::fs;
use sys::process::Ending;
use testkit::{Account, Condition, TestTree, down, process, skip, status, up, wait_until};

/// The version that is installed, with a cluster.
fn version() -> Option<String> {
    let entries = fs::read_dir("/etc/postgresql").into_iter().flatten().flatten();
    let version = entries.filter(|entry| entry.path().join("main").exists()).last();
    let version = version.and_then(|entry| entry.file_name().into_string().ok());
    if version.is_none() {
        skip("it needs Debian's package postgresql, and the cluster that it makes");
    }
    version
}

#[test]
fn a_client_of_postgresql_starts_when_the_database_is_ready() {
    let Some(version) = version() else { return };
    let programs = format!("/usr/lib/postgresql/{version}/bin");
    if !has("postgresql", &[&format!("{programs}/initdb"), "/usr/bin/psql"]) {
        return;
    }
    let page = Page::read("postgresql").with(&[("/15/", &format!("/{version}/"))]);
    let tree = TestTree::new();
    // An empty cluster of the test's own, where Debian's settings look for theirs.
    let setup = format!(
        "mount -t tmpfs tmpfs /run\n{}{}\
         runuser -u postgres -- {programs}/initdb --no-sync -D /var/lib/postgresql/{version}/main >/dev/null 2>&1\n",
        covered(&tree, "postgres", "/var/lib/postgresql"),
        page.commands("Before the first start"),
    );
    let Some(apart) = Apart::new(&tree, &setup) else { return };
    let watch = make(&tree, "watch", &page.files("A client that needs it"));
    let files = page.files("The server");
    let postgresql = tree.folder("postgresql", |folder| fill(folder, "postgresql", &files).down());

    watch.wait_for(waiting());
    let said = tree.svstat("watch");
    assert!(said.contains(", waiting for postgresql"), "{said}");
    postgresql.wait_for(down());
    tree.svc(["-u", "postgresql"]);
    watch.wait_for(up());
    postgresql.wait_for(ready());
    let account = Account::find("postgres").unwrap();
    assert_eq!(process::uids(postgresql.pid()), Some([account.uid; 4]));
    is_served(&apart);
    // The client gets through at its first try: it never says otherwise.
    watch.wait_until("it has looked", |_| log(&watch).contains("(1 row)").then_some(()));
    assert!(!log(&watch).contains("error"), "{}", log(&watch));

    // Its client is still connected.
    assert_eq!(take_down(&tree, &postgresql), Some(Ending::Exited(0)));
    assert!(log(&postgresql).contains("database system is shut down"), "{}", log(&postgresql));
    tree.svc(["-t", "watch"]);
    watch.wait_for(waiting());
    tree.svc(["-u", "postgresql"]);
    watch.wait_for(up());
    assert!(postgresql.status().unwrap().is_ready());

    assert_eq!(restart(&tree, &postgresql, "-i"), Some(Ending::Exited(0)));
    is_served(&apart);
    // What a killed server leaves behind is gone before the next one begins, also where it is too busy to notice.
    let endless = apart.tool("runuser").args(PSQL).arg("DO $$ BEGIN LOOP END LOOP; END $$");
    // Not for ever, should the test fail.
    let endless = endless.env("PGOPTIONS", "-c statement_timeout=80s").command().spawn();
    let count = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %'";
    wait_until("the query runs", &[], || {
        let ran = apart.tool("runuser").args(PSQL).arg(count).run();
        (ran.exits(0).stdout.trim_ascii() == b"1").then_some(())
    });
    assert_eq!(restart(&tree, &postgresql, "-k"), Some(Ending::Killed(9)));
    is_served(&apart);
    assert!(!endless.unwrap().wait().unwrap().success());
}

/// What runuser runs: a query comes after it.
const PSQL: [&str; 6] = ["-u", "postgres", "--", "psql", "--tuples-only", "--command"];

#[track_caller]
fn is_served(apart: &Apart) {
    let query = PSQL.into_iter().chain(["SELECT 6*7"]).collect::<Vec<_>>();
    says(apart, "runuser", &query, "42");
}

/// It waits for others.
fn waiting() -> Condition {
    status("waiting", |status| status.detail.as_ref().is_some_and(|detail| detail.phase == Phase::Waiting))
}

//! Many that need one.

use super::{Gate, slow, waiters, waiting};
use testkit::{TestTree, up};

const MANY: usize = 100;

#[test]
fn a_hundred_services_that_need_one_start_when_it_is_ready() {
    let tree = TestTree::new();
    let gate = Gate::new(&tree, "db");
    let services: Vec<_> = (0..MANY)
        .map(|number| {
            tree.folder(&format!("web{number}"), |f| f.file("needs", "db\n").run("exec sleep 1000"))
        })
        .collect();
    let _svscan = tree.svscan();
    services.iter().for_each(|service| service.wait_for(waiting("db, which does not exist")));
    let db = tree.folder("db", |f| slow(f, &gate, ""));
    services.iter().for_each(|service| service.wait_for(waiting("db")));
    assert_eq!(waiters(&db), MANY);
    gate.open();
    services.iter().for_each(|service| service.wait_for(up()));
    db.wait_until("nobody waits any more", |db| (waiters(db) == 0).then_some(()));
}

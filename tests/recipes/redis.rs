//! Redis, which says by sd_notify how it is.

use super::page::{Page, make};
use super::{covered, has, log, ready, restart, says, take_down};
use crate::apart::Apart;
use sys::process::Ending;
use testkit::{Account, TestTree, process};

#[test]
fn redis_is_ready_when_it_says_so_and_keeps_its_data() {
    if !has("redis-server", &["/usr/bin/redis-server", "/usr/bin/redis-cli", "/etc/redis/redis.conf"]) {
        return;
    }
    let tree = TestTree::new();
    let files = Page::read("redis").files("The files");
    let Some(apart) = Apart::new(&tree, &covered(&tree, "redis", "/var/lib/redis")) else { return };
    let redis = make(&tree, "redis", &files);

    redis.wait_for(ready());
    let account = Account::find("redis").unwrap();
    assert_eq!(process::uids(redis.pid()), Some([account.uid; 4]));
    let said = tree.svstat("redis");
    assert!(said.contains("says: Ready to accept connections"), "{said}");
    says(&apart, "redis-cli", &["set", "word", "kept"], "OK");

    assert_eq!(restart(&tree, &redis, "-t"), Some(Ending::Exited(0)));
    says(&apart, "redis-cli", &["get", "word"], "kept");
    assert_eq!(take_down(&tree, &redis), Some(Ending::Exited(0)));
    tree.svc(["-u", "redis"]);
    redis.wait_for(ready());
    says(&apart, "redis-cli", &["get", "word"], "kept");
    assert!(log(&redis).contains("DB saved on disk"), "{}", log(&redis));
    assert_eq!(apart.svscan.errors(), "");
}

//! Thousands of messages: supervise does its other work all the same.

use super::{Actor, ready, says, socket_of};
use std::path::Path;
use testkit::{TestTree, down, up};

/// Sends to the address that it is given for ever, and says when it has sent the first thousand.
const FLOOD: &str = "
import os, socket, sys
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
count = 0
while True:
    try:
        sender.sendto(b'STATUS=flood', sys.argv[1].replace('@', '\\0', 1))
    except OSError:
        continue
    count += 1
    if count == 1000:
        print('a thousand', flush=True)
";

#[test]
fn commands_are_obeyed_while_a_stranger_never_stops() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notify-socket", ""));
    let _supervise = tree.supervise("web");
    let pid = actor.comes();
    let python = tree.launch(Path::new("/usr/bin/python3")).arg("-c").arg(FLOOD).arg(socket_of(pid));
    let mut flood = python.start();
    web.wait_until("a thousand are sent", |_| flood.output().contains("thousand").then_some(()));
    // The service is heard, too.
    actor.does("notify READY=1|STATUS=heard");
    web.wait_for(ready());
    web.wait_for(says("heard"));
    for _ in 0..3 {
        tree.svc(["-d", "web"]);
        web.wait_for(down());
        tree.svc(["-u", "web"]);
        actor.comes();
        web.wait_for(up());
    }
    assert!(!flood.has_ended());
    flood.stop();
}

#[test]
fn commands_are_obeyed_while_the_service_itself_never_stops() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let flood = tree.root().join("flood.py");
    std::fs::write(&flood, FLOOD).unwrap();
    let web = tree.folder("web", |f| {
        f.run(&format!("{beacon}\nexec /usr/bin/python3 {} $NOTIFY_SOCKET", flood.display()))
            .file("notify-socket", "")
    });
    let supervise = tree.supervise("web");
    assert_ne!(beacon.next().pid, 0);
    web.wait_until("a thousand are sent", |_| supervise.output().contains("thousand").then_some(()));
    web.wait_for(says("flood"));
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    assert_eq!(supervise.errors(), "");
}

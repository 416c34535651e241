//! Where a name is sought.

use super::*;

#[test]
fn svdir_says_where_names_are_and_a_slash_is_a_path() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    web.becomes(&up(), "");
    let call = |name: &str| tree.tool(&ours("svwait")).dir(tree.root()).arg(name);
    let there = |name: &str| call(name).env("SVDIR", tree.services());
    there("web").run().exits(0).errors("");
    there("nosuch").run().exits(111).errors(format!(
        "svwait: fatal: unable to find nosuch, sought as {}/nosuch: file does not exist\n",
        tree.services().display()
    ));
    call("service/web").run().exits(0).errors("");
    there("./web").run().exits(111).errors("svwait: fatal: unable to find ./web: file does not exist\n");
    call("./web\x1b[2J")
        .run()
        .exits(111)
        .errors("svwait: fatal: unable to find ./web\\x1b[2J: file does not exist\n");
}

#[test]
fn from_a_service_names_are_those_of_its_own_directory() {
    let tree = TestTree::new();
    let (web, db) = (Played::new(&tree, "web"), Played::new(&tree, "db"));
    db.becomes(&up(), "");
    let call = |name: &str| tree.tool(&ours("svwait")).dir(web.service().path()).arg(name);
    call("db").run().exits(0).errors("");
    call("nosuch")
        .run()
        .exits(111)
        .errors("svwait: fatal: unable to find nosuch, sought as ../nosuch: file does not exist\n");
    call("db").env("SVDIR", "/nosuch").run().exits(111);
}

#[test]
fn from_elsewhere_names_are_those_of_the_machine() {
    let tree = TestTree::new();
    let name = "no-service-is-called-like-this";
    let plain = tree.folder("plain", |f| f.run("exit 1"));
    for folder in [tree.services(), plain.path().to_owned()] {
        tree.tool(&ours("svwait")).dir(&folder).arg(name).run().exits(111).errors(format!(
            "svwait: fatal: unable to find {name}, sought as /service/{name} and /etc/service/{name}: \
             file does not exist\n"
        ));
    }
}

//! docs/containers.md, command by command; what docker and Kubernetes would do is done with the kernel's own means.

use super::image::{Image, Sources, list, run};
use super::reaps::compiled;
use super::{Container, Plan};
use crate::house;
use nix::sys::signal::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use testkit::{TestTree, Tool, needs_root, ours, skip, wait_until};

const DOCUMENT: &str = "docs/containers.md";

/// The indented blocks of a chapter.
#[track_caller]
fn blocks(chapter: &str) -> Vec<String> {
    house::blocks(&house::read(DOCUMENT), chapter)
}

/// A folder with the service folders of the document, as its commands make them, and what `make install` makes.
fn sources(tree: &TestTree) -> Sources {
    let [context, built] = ["context", "built"].map(|name| tree.root().join(name));
    let bin = built.join("out/usr/local/bin");
    for folder in [&context, &bin] {
        fs::create_dir_all(folder).unwrap();
    }
    let programs = ours("svscan").parent().unwrap().join(".");
    Tool::new(Path::new("/bin/cp")).arg("-R").args([&programs, &bin]).run().exits(0);
    let commands = &blocks("An image")[0];
    Tool::new(Path::new("/bin/sh")).dir(&context).args(["-ec", commands]).run().exits(0).errors("");
    Sources { context, built }
}

/// The commands of a block, a line each, in words.
fn commands(block: &str) -> Vec<Vec<String>> {
    let whole = block.replace("\\\n", " ");
    whole.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// Plays what follows `docker run` in a block, up to the stop. The output of each `docker exec`.
#[track_caller]
fn play(mut container: Container, commands: &[Vec<String>]) -> Vec<String> {
    let mut said = Vec::new();
    for command in commands {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        match words[..] {
            ["docker", "exec", "web", program, ref arguments @ ..] => {
                let ran = container.tool(Path::new(program)).args(arguments).run();
                said.push(String::from_utf8_lossy(&ran.exits(0).errors("").stdout).into_owned());
            }
            ["docker", "logs", "web"] => {
                // What the clock prints first, within the same minute or a few.
                wait_until("the log has a time in it", &[], || {
                    container.unshare.output().lines().any(|line| line.split(':').count() == 3).then_some(())
                });
            }
            ["docker", "stop", "web"] => {
                container.signal(Signal::SIGTERM);
                assert_eq!(container.wait(), Ok(0), "{}", container.unshare.errors());
            }
            _ => panic!("{command:?} in the document"),
        }
    }
    assert!(container.unshare.has_ended(), "the last one stops it");
    said
}

#[track_caller]
fn both_are_up(svstat: &str) {
    let lines: Vec<&str> = svstat.lines().collect();
    assert_eq!(lines.len(), 2, "{svstat}");
    for (line, name) in lines.iter().zip(["web", "clock"]) {
        assert!(line.starts_with(&format!("/service/{name}: up (pid ")), "{line}");
    }
}

/// What needs a system to begin with, and the right to lay a folder over it.
fn can_make_images() -> bool {
    let has_python = Path::new("/usr/bin/python3").exists();
    if !has_python {
        skip("it needs python3");
    }
    has_python && needs_root()
}

/// The clock runs, and somebody listens on the port of the example, as the kernel shows it.
#[track_caller]
fn all_runs(container: &Container) {
    let listens = |table: &str| {
        let path = format!("/proc/{}/net/{table}", container.pid());
        fs::read_to_string(path).is_ok_and(|table| table.contains(":1F40 "))
    };
    let clock = || container.tool(Path::new("svup")).arg("/service/clock").run().end == Ok(0);
    wait_until("the clock is up", &[], || clock().then_some(()));
    wait_until("it listens on its port", &[], || (listens("tcp") || listens("tcp6")).then_some(()));
}

#[test]
fn the_image_of_the_document_runs_its_services_and_stops() {
    if !can_make_images() {
        return;
    }
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let [_, dockerfile, docker] = &blocks("An image")[..] else { panic!("three blocks") };
    let commands = commands(docker);
    let [build, start, rest @ ..] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(build.join(" "), "docker build --tag web .");
    let options: Vec<&str> = start[2..start.len() - 1].iter().map(String::as_str).collect();
    let container = run(plan, &Image::read(dockerfile), &sources(&tree), &options);
    all_runs(&container);
    both_are_up(&play(container, rest)[0]);
}

#[test]
fn the_image_of_the_document_runs_without_any_right() {
    if !can_make_images() {
        return;
    }
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let dockerfile = &blocks("An image")[1];
    let [docker, pod] = &blocks("Without any right")[..] else { panic!("two blocks") };
    let commands = commands(docker);
    let [start, rest @ ..] = &commands[..] else { panic!("{commands:?}") };
    let options: Vec<&str> = start[2..start.len() - 1].iter().map(String::as_str).collect();
    let container = run(plan, &Image::read(dockerfile), &sources(&tree), &options);
    all_runs(&container);
    // The pod says the same, in its own words, and asks whether the service is up.
    let has = |key: &str| {
        let line = pod
            .lines()
            .find_map(|line| line.trim_start_matches([' ', '-']).strip_prefix(&format!("{key}: ")));
        line.unwrap_or_else(|| panic!("no {key}")).to_owned()
    };
    assert!(options.contains(&&*format!("{}:{}", has("runAsUser"), has("runAsGroup"))));
    assert!(
        options.contains(&&*has("mountPath"))
            && options.contains(&&*format!("SUPERVISEDIR={}", has("value")))
    );
    assert_eq!([has("readOnlyRootFilesystem"), has("allowPrivilegeEscalation")], ["true", "false"]);
    assert_eq!(list(&has("drop")), ["ALL"]);
    let probe = list(&has("command"));
    container.tool(Path::new(&probe[0])).args(&probe[1..]).run().exits(0);
    both_are_up(&play(container, rest)[0]);
}

/// A program that needs nothing but the kernel.
const HELLO: &str = r#"
#include <unistd.h>
int main(void) {
    write(1, "hello\n", 6);
    for (;;) pause();
}
"#;

#[test]
fn an_image_with_nothing_but_static_programs_is_enough() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let sources = sources(&tree);
    let Some(program) = compiled(tree.root(), HELLO) else { return skip("it needs a C compiler") };
    let service = sources.context.join("service");
    fs::remove_dir_all(&service).unwrap();
    for (name, file) in [("web", ""), ("with-env", "env/A"), ("with-log", "log/down")] {
        let folder = service.join(name);
        fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
        fs::create_dir_all(&folder).unwrap();
        fs::copy(&program, folder.join("run")).unwrap();
        fs::set_permissions(folder.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
        if !file.is_empty() {
            fs::write(folder.join(file), "").unwrap();
        }
    }
    fs::remove_file(service.join("with-log/log/down")).unwrap();
    let container = run(plan, &Image::read(&blocks("Without a shell")[0]), &sources, &[]);
    wait_until("it says hello", &[], || (container.unshare.output() == "hello\n").then_some(()));
    let svstat = |name: &str| {
        let ran = container.tool(Path::new("/bin/svstat")).arg(format!("/service/{name}")).run();
        String::from_utf8_lossy(&ran.exits(0).stdout).into_owned()
    };
    for (name, says) in
        [("web", "up (pid "), ("with-env", "unable to run runas"), ("with-log/log", "unable to run runas")]
    {
        wait_until(&format!("{name}: {says}"), &[], || svstat(name).contains(says).then_some(()));
    }
    container.tool(Path::new("/bin/svup")).arg("/service/web").run().exits(0);
    container.stop();
}

#[test]
fn a_container_with_a_command_lives_as_long_as_that_does() {
    if !can_make_images() {
        return;
    }
    let [calls, shell] = &blocks("One program that counts")[..] else { panic!("two blocks") };
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let sources = sources(&tree);
    // It listens on the port of the service that the image had until now.
    fs::remove_dir_all(sources.context.join("service/web")).unwrap();
    let dockerfile = &blocks("An image")[1];
    let (rest, _) = dockerfile.split_once("ENTRYPOINT").unwrap();
    let mut container = run(plan, &Image::read(&format!("{rest}{calls}")), &sources, &[]);
    all_runs(&container);
    container.signal(Signal::SIGTERM);
    assert_eq!(container.wait(), Ok(143));

    let path = format!("{}:/usr/bin:/bin", ours("svscan").parent().unwrap().display());
    let script = Tool::new(Path::new("/bin/sh")).dir(tree.root()).env("PATH", path).args(["-ec", shell]);
    script.run().exits(3).prints("hello\n").errors("");
}

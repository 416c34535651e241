//! What services have logged.

mod followed;
mod found;
mod shown;
mod written;

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use testkit::{Ran, Running, Service, TestTree, Tool, ours, wait_until};

/// Our svctl on the service directory, where local time is UTC.
fn svctl<const N: usize>(tree: &TestTree, arguments: [&str; N]) -> Tool {
    tree.tool(&ours("svctl")).env("SVDIR", tree.services()).env("TZ", "UTC0").arg("logs").args(arguments)
}

/// The same, run to its end.
#[track_caller]
fn logs<const N: usize>(tree: &TestTree, arguments: [&str; N]) -> Ran {
    svctl(tree, arguments).run()
}

/// The same, which goes on.
fn follow<const N: usize>(tree: &TestTree, arguments: [&str; N]) -> Running {
    let launch = tree.launch(&ours("svctl")).env("SVDIR", tree.services()).env("TZ", "UTC0");
    arguments.iter().fold(launch.arg("logs").arg("-f"), |launch, argument| launch.arg(argument)).start()
}

/// Waits until that is shown.
#[track_caller]
fn wait_for(tree: &TestTree, running: &Running, text: &str) {
    let what = format!("{text:?} is shown");
    wait_until(&what, &[tree.root()], || running.output().contains(text).then_some(()));
}

/// A line with the label of a second after 2026-11-22 10:00 UTC, and half of one.
fn line(second: u64, text: &str) -> String {
    format!("{} {text}\n", label(second))
}

fn label(second: u64) -> String {
    let time = Duration::new(1_795_341_600 + second, 500_000_000);
    String::from_utf8(protocol::tai64n::Tai64n::from_wall(time).label().to_vec()).unwrap()
}

/// As it is shown.
fn shown(second: u64, text: &str) -> String {
    format!("2026-11-22 10:{:02}:{:02}.500 {text}\n", second / 60, second % 60)
}

/// A log directory that the test writes itself.
struct Kept(PathBuf);

impl Kept {
    /// `log/main` of a service that is made for it.
    fn new(tree: &TestTree, name: &str) -> Self {
        let service: Service = tree.folder(name, |f| f.directory("log/main"));
        Self(service.log().file("main"))
    }

    /// Adds to a file of it.
    fn add(&self, file: &str, text: impl AsRef<[u8]>) -> &Self {
        let file = File::options().create(true).append(true).open(self.0.join(file));
        file.and_then(|mut file| file.write_all(text.as_ref())).unwrap();
        self
    }

    /// Ends `current` in that second, as multilog does.
    fn rotate(&self, second: u64) {
        let (current, previous) = (self.0.join("current"), self.0.join("previous"));
        fs::rename(&current, &previous).unwrap();
        File::create(&current).unwrap();
        fs::hard_link(&previous, self.0.join(format!("{}.s", label(second)))).unwrap();
        fs::remove_file(previous).unwrap();
    }
}

//! What `docker build` and `docker run` would make of a Dockerfile's last stage, with the kernel's own means: a root folder with
//! the files that it copies, and process 1 in it.

use super::{Container, Plan};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Where programs are sought in a container that says nothing else.
const SEARCH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The last stage of a Dockerfile.
#[derive(Debug)]
pub(super) struct Image {
    from: String,
    /// Whether it is from the stage before, what, and where to.
    copies: Vec<(bool, Vec<String>, String)>,
    /// ENTRYPOINT and CMD, one after the other.
    pub(super) command: Vec<String>,
}

impl Image {
    /// Reads those instructions that the document has.
    #[track_caller]
    pub(super) fn read(dockerfile: &str) -> Self {
        let (_, stage) = dockerfile.rsplit_once("FROM ").expect("a stage");
        let mut lines = stage.lines();
        let from = lines.next().unwrap().to_owned();
        let mut image = Self { from, copies: Vec::new(), command: Vec::new() };
        for line in lines {
            match line.split_once(' ').expect("an instruction") {
                ("COPY", words) => {
                    let (built, words) =
                        words.strip_prefix("--from=build ").map_or((false, words), |words| (true, words));
                    let mut words: Vec<String> = words.split(' ').map(str::to_owned).collect();
                    let to = words.pop().unwrap();
                    image.copies.push((built, words, to));
                }
                ("ENTRYPOINT" | "CMD", words) => image.command.extend(list(words)),
                (other, _) => panic!("{other} in a Dockerfile of the documents"),
            }
        }
        image
    }

    /// Shell commands that make the root folder `root` (in a new namespace of mounts) from what is in the folder `context`;
    /// what the first stage has made is in `built`. Without an image to begin with it is this machine's own system.
    fn make(&self, root: &Path, context: &Path, built: &Path) -> String {
        let [image, root] = [root.to_owned(), root.join("root")].map(|path| path.display().to_string());
        let mut made = format!("mount -t tmpfs tmpfs {image}\nmkdir {image}/upper {image}/work {root}\n");
        made += &if self.from == "scratch" {
            format!("mount --bind {root} {root}\n")
        } else {
            let options = format!("lowerdir=/,upperdir={image}/upper,workdir={image}/work");
            format!("mount -t overlay -o {options} overlay {root}\n")
        };
        for (is_built, from, to) in &self.copies {
            for from in from {
                let path = if *is_built { built.join(&from[1..]) } else { context.join(from) };
                // The content of a folder, but a file itself.
                let content = if path.is_dir() { "/." } else { "" };
                let folder = if to.ends_with('/') { &to[..] } else { "/" };
                let _ =
                    writeln!(made, "mkdir -p {root}{folder}\ncp -R {}{content} {root}{to}", path.display());
            }
        }
        // What every container has, and this machine's own /run is not in.
        made += &format!("mkdir -p {root}/dev {root}/proc {root}/run\nmount --rbind /dev {root}/dev\n");
        made + &format!("mount -t proc proc {root}/proc\nmount -t tmpfs tmpfs {root}/run\n")
    }
}

/// `["a", "b"]`, as it is in a Dockerfile.
pub(super) fn list(words: &str) -> Vec<String> {
    words.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Where the parts of an image are.
pub(super) struct Sources {
    pub(super) context: PathBuf,
    pub(super) built: PathBuf,
}

/// `docker run`, with these options.
#[track_caller]
pub(super) fn run(plan: Plan<'_>, image: &Image, sources: &Sources, options: &[&str]) -> Container {
    let place = plan.tree.root().join("image");
    std::fs::create_dir(&place).unwrap();
    let root = place.join("root").display().to_string();
    let mut setup = image.make(&place, &sources.context, &sources.built);
    let mut last = String::new();
    let mut restricted = Vec::new();
    let mut state = None;
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut value = || options.next().expect("a value");
        match *option {
            "--detach" => {}
            "--name" => assert_eq!(*value(), "web"),
            "--read-only" => last = format!("mount -o remount,bind,ro {root}\n"),
            "--tmpfs" => {
                let folder = value();
                // Open to all, as docker and Kubernetes make it.
                setup +=
                    &format!("mkdir -p {root}{folder}\nmount -t tmpfs -o mode=1777 tmpfs {root}{folder}\n");
            }
            "--env" => state = value().strip_prefix("SUPERVISEDIR=").map(PathBuf::from),
            "--user" => {
                let (user, group) = value().split_once(':').unwrap();
                let ids =
                    [format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".to_owned()];
                restricted.extend(ids);
            }
            "--cap-drop" => {
                assert_eq!(*value(), "ALL");
                restricted.extend(["--inh-caps=-all", "--bounding-set=-all"].map(str::to_owned));
            }
            "--security-opt" => restricted.push(format!("--{}", value().replace("privileges", "privs"))),
            other => panic!("docker run {other} in a document"),
        }
    }
    if !restricted.is_empty() {
        restricted.insert(0, "setpriv".to_owned());
    }
    let words: Vec<&str> = restricted.iter().map(String::as_str).collect();
    setup += &format!("{last}export PATH={SEARCH}\nset -- chroot {root} \"$@\"");
    let plan = plan.setup(&setup).through(&words);
    let plan = if let Some(state) = &state { plan.state(state) } else { plan };
    plan.start_command(&image.command)
}

//! What shells complete: each of the three, on a line as somebody types it.

use std::fs;
use std::path::{Path, PathBuf};
use testkit::{TestTree, Tool, ours, skip};

/// Ends the line, which is noted then.
const NOTE: &str = "\x14";
/// Ends the shell.
const END: &str = "\x07";

/// Lines as they are typed, with a tab at the end of each, and what becomes of them. `2` ends what cannot be told apart.
const LINES: [(&str, &str); 9] = [
    ("svctl rest", "svctl restart "),
    ("svctl stop d", "svctl stop db "),
    ("svctl start db we", "svctl start db web@600"),
    ("svctl stop web@6001 web@6002", "svctl stop web@6001 web@6002 "),
    ("svctl stop db/", "svctl stop db/log "),
    ("svctl -d elsewhere status m", "svctl -d elsewhere status mail "),
    ("svctl list --js", "svctl list --json "),
    ("svctl import Proc", "svctl import Procfile "),
    ("svctl --dir", "svctl --directory "),
];

/// Services and files, and the script that a shell reads.
struct Typed {
    tree: TestTree,
    script: PathBuf,
}

impl Typed {
    /// `None` where there is no such shell.
    fn new(shell: &str, script: &str) -> Option<Self> {
        let program = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(shell));
        if !program.iter().any(|program| program.exists()) {
            skip(&format!("it needs {shell}"));
            return None;
        }
        let tree = TestTree::new();
        for name in ["db/log", "web@", "web@6001", "web@6002"] {
            fs::create_dir_all(tree.services().join(name)).unwrap();
        }
        fs::create_dir_all(tree.root().join("elsewhere/mail")).unwrap();
        fs::write(tree.root().join("Procfile"), "").unwrap();
        let ran = Tool::new(&ours("svctl")).env("COMPLETE", shell).run();
        ran.exits(0).errors("");
        let text = String::from_utf8(ran.stdout).unwrap();
        let place = ours("svctl");
        assert!(
            !text.contains(place.parent().unwrap().to_str().unwrap()),
            "it has a path of this machine in it"
        );
        let script = tree.root().join(script);
        fs::create_dir_all(script.parent().unwrap()).unwrap();
        fs::write(&script, text).unwrap();
        Some(Self { tree, script })
    }

    /// A call in the folder with the files, where svctl is in the path, as it is installed.
    fn tool(&self, program: &str) -> Tool {
        let place = ours("svctl");
        let path = format!("{}:/usr/bin:/bin", place.parent().unwrap().display());
        let tool =
            Tool::new(Path::new(program)).dir(self.tree.root()).env("PATH", path).env("LC_ALL", "C.UTF-8");
        tool.env("SVDIR", self.tree.services()).env("TERM", "dumb").env("ZDOTDIR", self.tree.root())
    }

    /// Types the lines on a terminal in front of that shell, which notes what they have become in the file `noted`.
    #[track_caller]
    fn is_typed(&self, call: &str) {
        let typed: String = LINES.iter().map(|(typed, _)| format!("{typed}\t{NOTE}")).collect();
        let ran = self.tool("/usr/bin/script").args(["-qec", call, "/dev/null"]).input(typed + END).run();
        let noted = fs::read_to_string(self.tree.root().join("noted")).unwrap_or_default();
        let noted: Vec<&str> = noted.lines().collect();
        assert_eq!(noted, LINES.map(|(_, becomes)| becomes), "{ran:?}");
    }
}

#[test]
fn bash_completes_commands_options_services_and_files() {
    let Some(typed) = Typed::new("bash", "svctl.bash") else { return };
    let begin = format!(
        "source '{}'\nnote() {{ printf '%s\\n' \"$READLINE_LINE\" >>noted; READLINE_LINE=; READLINE_POINT=0; }}\n\
         leave() {{ exit; }}\nbind -x '\"\\C-t\": note'\nbind -x '\"\\C-g\": leave'\n",
        typed.script.display()
    );
    fs::write(typed.tree.root().join("rc"), begin).unwrap();
    typed.is_typed("bash --noprofile --rcfile rc -i");
}

#[test]
fn zsh_completes_commands_options_services_and_files() {
    // As it is installed: a file in $fpath, which is run at the first completion.
    let Some(typed) = Typed::new("zsh", "functions/_svctl") else { return };
    let begin = "fpath=($PWD/functions $fpath)\nautoload -Uz compinit; compinit -D -u\n\
         note() { print -r -- $BUFFER >>noted; BUFFER= }\nleave() { exit }\nzle -N note; zle -N leave\n\
         bindkey '^T' note; bindkey '^G' leave; bindkey '^I' complete-word\n";
    fs::write(typed.tree.root().join(".zshrc"), begin).unwrap();
    typed.is_typed("zsh -d -i");
}

#[test]
fn fish_completes_commands_options_services_and_files() {
    let Some(typed) = Typed::new("fish", "svctl.fish") else { return };
    let script = typed.script.display();
    let complete = |line: &str| {
        let call = format!("source '{script}'; complete -C '{line}'");
        let ran = typed
            .tool("/usr/bin/fish")
            .env("HOME", typed.tree.root())
            .args(["--no-config", "-c", &call])
            .run();
        ran.exits(0);
        let text = String::from_utf8(ran.stdout).unwrap();
        // Behind a tab is what it means.
        text.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(complete("svctl sta"), ["status", "start"]);
    assert_eq!(complete("svctl stop we"), ["web@6001", "web@6002"]);
    assert_eq!(complete("svctl stop web@"), ["web@6001", "web@6002"]);
    assert_eq!(complete("svctl stop db/"), ["db/log"]);
    assert_eq!(complete("svctl -d elsewhere status m"), ["mail"]);
    assert_eq!(complete("svctl list --js"), ["--json"]);
    assert_eq!(complete("svctl import Proc"), ["Procfile"]);
}

#[test]
fn a_shell_that_is_not_known_is_told_which_are() {
    let ran = Tool::new(&ours("svctl")).env("COMPLETE", "tcsh").run();
    assert_ne!(ran.end, Ok(0));
    let complaint = String::from_utf8(ran.stderr).unwrap();
    assert!(complaint.contains("`bash`, `zsh`, `fish`"), "{complaint}");
}

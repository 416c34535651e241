//! The programs that run the next one of their command line, and where that begins.

/// A program of which only the beginning of the command line is its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loader {
    pub(super) name: &'static str,
    /// The letters of options with a value.
    pub(super) values: &'static str,
    /// The long options with a value, where it can be a word of its own.
    pub(super) long_values: &'static [&'static str],
    /// How many words without a dash come before the next program.
    pub(super) operands: usize,
    /// `NAME=value` before the next program are variables.
    pub(super) takes_variables: bool,
}

const fn loader(name: &'static str, values: &'static str, operands: usize) -> Loader {
    Loader { name, values, long_values: &[], operands, takes_variables: false }
}

const fn long(name: &'static str, values: &'static str, long_values: &'static [&'static str]) -> Loader {
    Loader { name, values, long_values, operands: 0, takes_variables: false }
}

/// Sorted by name.
pub(super) const LOADERS: &[Loader] = &[
    loader("catatonit", "", 0),
    loader("cd", "", 1),
    Loader { operands: 1, ..long("choom", "np", &["--adjust", "--pid"]) },
    loader("chpst", "uUbe/CnlLmdopfcrt", 0),
    Loader { operands: 1, ..long("chroot", "", &[]) },
    Loader { operands: 1, ..long("chrt", "TPD", &["--sched-runtime", "--sched-period", "--sched-deadline"]) },
    loader("docker-init", "ep", 0),
    long("dumb-init", "r", &["--rewrite"]),
    Loader { takes_variables: true, ..long("env", "uCS", &["--unset", "--chdir", "--split-string"]) },
    loader("envdir", "", 1),
    loader("envini", "p", 1),
    loader("envuidgid", "", 1),
    loader("execline-cd", "", 1),
    loader("fdmove", "", 2),
    loader("fghack", "", 0),
    Loader { operands: 1, ..long("flock", "wE", &["--timeout", "--wait", "--conflict-exit-code"]) },
    loader("gosu", "", 1),
    long("ionice", "cnpPu", &["--class", "--classdata"]),
    long("nice", "n", &["--adjustment"]),
    loader("nohup", "", 0),
    long(
        "numactl",
        "iNCmpPw",
        &[
            "--interleave",
            "--cpunodebind",
            "--physcpubind",
            "--membind",
            "--preferred",
            "--weighted-interleave",
        ],
    ),
    loader("pgrphack", "", 0),
    long("prlimit", "", &[]),
    loader("redirfd", "", 2),
    loader("runas", "ukmeEod", 1),
    loader("s6-applyuidgid", "ugG", 0),
    loader("s6-envdir", "c", 1),
    loader("s6-envuidgid", "D", 1),
    loader("s6-notifyoncheck", "3sTtwnc", 0),
    loader("s6-setlock", "tdrw", 1),
    loader("s6-setsid", "d", 0),
    loader("s6-setuidgid", "", 1),
    loader("s6-softlimit", "acdflmoprst", 0),
    loader("setlock", "", 1),
    long(
        "setpriv",
        "",
        &[
            "--ambient-caps",
            "--apparmor-profile",
            "--bounding-set",
            "--groups",
            "--inh-caps",
            "--pdeathsig",
            "--regid",
            "--reuid",
            "--rgid",
            "--ruid",
            "--securebits",
            "--selinux-label",
            "--egid",
            "--euid",
        ],
    ),
    loader("setsid", "", 0),
    loader("setuidgid", "", 1),
    loader("setuser", "", 1),
    loader("softlimit", "adflmoprstc", 0),
    long("stdbuf", "ioe", &["--input", "--output", "--error"]),
    loader("su-exec", "", 1),
    Loader {
        takes_variables: true,
        ..long(
            "sudo",
            "ughpCDrtTURac",
            &[
                "--user",
                "--group",
                "--host",
                "--prompt",
                "--close-from",
                "--chdir",
                "--role",
                "--type",
                "--chroot",
            ],
        )
    },
    loader("taskset", "", 1),
    Loader { operands: 1, ..long("timeout", "ks", &["--kill-after", "--signal"]) },
    loader("tini", "ep", 0),
    loader("tini-static", "ep", 0),
    loader("umask", "", 1),
    loader("with-contenv", "", 0),
];

/// Looks a program up by the last part of its path.
pub(super) fn find(name: &str) -> Option<&'static Loader> {
    LOADERS.iter().find(|loader| loader.name == name)
}

#[cfg(test)]
mod tests {
    use super::LOADERS;

    #[test]
    fn each_stands_once() {
        for pair in LOADERS.windows(2) {
            assert_ne!(pair[0].name, pair[1].name);
        }
        let mut names: Vec<&str> = LOADERS.iter().map(|loader| loader.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), LOADERS.len());
    }
}

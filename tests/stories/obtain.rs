//! What the stories need from outside, installed by the account for itself alone, as any user would; it stays in the
//! account's home for the next run. What cannot be had is a reason to skip, and to fail where skipping is forbidden.

use super::PATH;
use super::owner::Owner;
use std::fs;
use std::path::{Path, PathBuf};
use testkit::{Tool, skip};

/// The variables by which a machine tells of its way to the outside: what their names begin with.
const WAY_OUT: [&str; 7] = [
    "pip_",
    "npm_config_registry",
    "npm_config_cafile",
    "ssl_cert_",
    "requests_ca_bundle",
    "curl_ca_bundle",
    "node_extra_ca_certs",
];

/// Seconds that an installation may take.
const PATIENCE: &str = "300";

/// Tornado, by `pip install --user`. Says whether it is there.
pub(crate) fn tornado(owner: &Owner) -> bool {
    let python = "/usr/bin/python3";
    let is_there = || {
        let found = as_owner(owner, &[python, "-c", "import tornado; print(tornado.__file__)"]);
        found.is_ok_and(|path| Path::new(&path).starts_with(&owner.home))
    };
    let install = || as_owner(owner, &[python, "-m", "pip", "install", "--user", "tornado"]);
    obtain("Tornado, by pip of Debian's python3-pip", is_there, install)
}

/// A virtual environment of Python with programs in it: those commands make it. Says whether it is there.
pub(crate) fn environment(owner: &Owner, commands: &str, programs: &[PathBuf]) -> bool {
    // pip writes a program when its library is there.
    let is_there = || programs.iter().all(|program| program.exists());
    let install = || as_owner(owner, &["/bin/sh", "-ec", commands]);
    obtain("programs for Python, by Debian's python3-venv and pip", is_there, install)
}

/// node and npm. Says whether they are there.
pub(super) fn node() -> bool {
    let is_there = |name: &&str| PATH.split(':').any(|folder| Path::new(folder).join(name).exists());
    let missing = ["node", "npm"].into_iter().find(|name| !is_there(name));
    if let Some(name) = missing {
        skip(&format!("it needs {name}, of Debian's packages nodejs and npm"));
    }
    missing.is_none()
}

/// pm2: the `node_modules` that it is in.
pub(super) fn pm2(owner: &Owner) -> Option<PathBuf> {
    // Not called pm2: npm would take that for what is to be installed.
    let folder = owner.home.join("site");
    let modules = folder.join("node_modules");
    // npm writes this one last.
    let is_there = || modules.join(".package-lock.json").exists() && modules.join("pm2").exists();
    let install = || {
        fs::create_dir_all(&folder).unwrap();
        // Without one, npm looks for the package that it is in further up, or nowhere.
        fs::write(folder.join("package.json"), "{\"private\": true}\n").unwrap();
        owner.own(&folder);
        let prefix = folder.to_str().unwrap();
        as_owner(owner, &["npm", "install", "--prefix", prefix, "--no-audit", "--no-fund", "pm2"])
    };
    obtain("pm2, by npm", is_there, install).then_some(modules)
}

/// Says whether something is there, at last; where it is not, why.
fn obtain(what: &str, is_there: impl Fn() -> bool, install: impl FnOnce() -> Result<String, String>) -> bool {
    if is_there() {
        return true;
    }
    let said = install();
    let there = is_there();
    if !there {
        skip(&format!("it cannot have {what}: {}", said.unwrap_or_else(|complaint| complaint)));
    }
    there
}

/// Runs a command as the account and nobody else, in its home: what it prints, or what it complains about.
fn as_owner(owner: &Owner, command: &[&str]) -> Result<String, String> {
    let mut tool = Tool::new(Path::new("/usr/bin/timeout")).arg(PATIENCE).args(command);
    tool = tool.account(owner).dir(&owner.home).env_clear();
    tool = tool.env("PATH", PATH).env("HOME", &owner.home).env("USER", &owner.name);
    // Debian's pip wants to be told that its packages and apt's are not to be confused.
    tool = tool.env("PIP_BREAK_SYSTEM_PACKAGES", "1").env("LOGNAME", &owner.name);
    for (name, value) in std::env::vars() {
        let lower = name.to_ascii_lowercase();
        if lower.ends_with("_proxy") || WAY_OUT.iter().any(|start| lower.starts_with(start)) {
            tool = tool.env(&name, value);
        }
    }
    let output = tool.command().output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

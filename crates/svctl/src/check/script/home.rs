//! Programs that keep things in their home folder, where HOME is not that of their account; and package runners that stand in
//! front of their program.

use super::chain::Stage;
use super::steps::Term;
use super::view::{Service, View};
use crate::check::Finding;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Programs that do not work right without their HOME. Sorted.
const NEEDS_HOME: &[&str] = &[
    "bun",
    "bunx",
    "cargo",
    "composer",
    "conda",
    "corepack",
    "deno",
    "dotnet",
    "gradle",
    "ipython",
    "iex",
    "jupyter",
    "jupyter-lab",
    "jupyter-notebook",
    "lein",
    "meteor",
    "mix",
    "mvn",
    "npm",
    "npx",
    "pip",
    "pip3",
    "pipenv",
    "pipx",
    "pm2",
    "pm2-docker",
    "pm2-runtime",
    "pnpm",
    "pnpx",
    "poetry",
    "rustup",
    "sbt",
    "uv",
    "uvx",
    "yarn",
    "yarnpkg",
];

/// Parts of paths in a home folder, where what is installed for one account is found by HOME.
const IN_HOME: &[&str] =
    &["/.local/", "/.pyenv/shims/", "/.rbenv/shims/", "/.asdf/shims/", "/.npm-global/", "/.volta/bin/"];

/// Package runners, and the words with which they run a script of the project's.
const RUNNERS: &[(&str, &[&str])] = &[
    ("npm", &["start", "run", "run-script", "exec", "restart"]),
    ("npx", &[]),
    ("pnpm", &["start", "run", "exec", "dlx"]),
    ("yarn", &["start", "run", "exec", "dlx"]),
    ("yarnpkg", &["start", "run"]),
];

/// What the commands of the service say.
pub(super) fn examine(view: &View) -> Vec<Finding> {
    let of_service = |service: &Service| {
        let Some(program) = service.program() else { return Vec::new() };
        let home = foreign_home(view, service, program).or_else(|| owner_of_folder(view, service, program));
        home.into_iter().chain(runner(view, service, program)).collect()
    };
    view.services.iter().flat_map(of_service).collect()
}

fn foreign_home(view: &View, service: &Service, program: &Stage) -> Option<Finding> {
    let account = service.passage.account.as_ref()?;
    let is_sudo = service.stages.iter().any(|stage| stage.name == "sudo");
    let what = needs_home(program)?;
    // sudo is told of by itself, and its configuration may set HOME.
    if is_sudo || service.passage.sets_home || service.may_set("HOME") || has_home_of_its_own(view) {
        return None;
    }
    let who = view.scene.who.as_ref();
    if who
        .and_then(|who| who.name.as_deref())
        .is_some_and(|name| Some(name.to_string_lossy().as_ref()) == account.known())
    {
        return None;
    }
    let loader = service.stages.iter().rev().find(|stage| super::chain::account(stage).is_some())?;
    let account = account.known().map_or_else(|| "the account".to_owned(), str::to_owned);
    let user = view.scene.file("user");
    let text = format!(
        "line {}: {} becomes {account}, but leaves HOME as it was, and {what} in HOME",
        service.step.line, loader.name
    );
    let cure =
        format!("write {account} into the file {user}, which sets HOME too, and leave {} out", loader.name);
    Some(view.fault("home-of-another", text, cure))
}

/// env/ has a HOME that is not that of who runs it: somebody has thought of it.
fn has_home_of_its_own(view: &View) -> bool {
    let home = view.scene.environment.get("HOME");
    let own = view.scene.who.as_ref().and_then(|who| who.home.as_ref());
    home.is_some_and(|home| own.is_none_or(|own| own.as_os_str() != home))
}

/// What such a program has in its home folder.
fn needs_home(program: &Stage) -> Option<String> {
    let path = program.words.first()?.known()?;
    if NEEDS_HOME.contains(&program.name.as_str()) {
        return Some(format!("{} keeps its files", program.name));
    }
    let in_home = |text: &str| IN_HOME.iter().any(|part| text.contains(part));
    let script = program.words.iter().skip(1).find(|word| !word.text.starts_with('-')).and_then(Term::known);
    let found = in_home(path)
        .then_some(path)
        .or(script.filter(|script| is_interpreter(program) && in_home(script)))?;
    Some(format!("{found} looks for its libraries"))
}

fn is_interpreter(program: &Stage) -> bool {
    ["python", "ruby", "node", "perl"].iter().any(|name| program.name.starts_with(name))
}

/// npm as root, in a folder of another account's, runs scripts as that one, with root's HOME.
fn owner_of_folder(view: &View, service: &Service, program: &Stage) -> Option<Finding> {
    let who = view.scene.who.as_ref()?;
    if !who.uid.is_root()
        || service.passage.account.is_some()
        || !matches!(program.name.as_str(), "npm" | "npx")
    {
        return None;
    }
    let own = &program.own;
    let after = |option: &str| {
        let at = program.words.iter().position(|word| word.text == option)?;
        program.words.get(at.saturating_add(1))
    };
    let prefix = own.value("--prefix").or_else(|| after("--prefix")).or_else(|| after("-C"));
    let here = service.passage.folder_from(service.step.folder.clone())?;
    let folder = match prefix {
        Some(prefix) => here.join(prefix.known()?),
        None => here,
    };
    let owner = folder.metadata().ok()?.uid();
    if owner == 0 {
        return None;
    }
    let text = format!(
        "line {}: it runs as root, and {} runs scripts as the owner of the folder it is in, uid {owner} of {}, but with root's HOME",
        service.step.line,
        program.name,
        shown(&folder)
    );
    let cure =
        format!("write the account that owns {} into the file {}", shown(&folder), view.scene.file("user"));
    Some(view.fault("npm-owner", text, cure))
}

fn shown(path: &Path) -> String {
    cli::text::shown(path.as_os_str().as_encoded_bytes()).into_owned()
}

fn runner(view: &View, service: &Service, program: &Stage) -> Option<Finding> {
    if view.scene.has_kill_group {
        return None;
    }
    let (name, commands) = RUNNERS.iter().find(|(name, _)| *name == program.name)?;
    let command = program.own.operands.first().and_then(Term::known)?;
    if !commands.is_empty() && !commands.contains(&command) {
        return None;
    }
    let text = format!(
        "line {}: {name} stays in front of the program that it runs, and not every version passes on the TERM that ends the service",
        service.step.line
    );
    let cure = format!(
        "run the program itself, as in exec node server.js; or make the empty file {}, so that signals go to the whole group",
        view.scene.file("kill-group")
    );
    Some(view.advice("runner-in-front", text, cure))
}

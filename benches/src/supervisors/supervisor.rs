//! Supervisor: supervisord in the foreground, with a section for each service in a file of its own. One process does what the
//! scanner and the supervises of the others do; a new service is told to it by `supervisorctl update`.

use super::{Arrival, Order, Supervisor, run, theirs};
use crate::tree::Site;
use anyhow::{Context, Result};
use nix::unistd::Pid;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Debug)]
pub(super) struct Supervisord;

impl Supervisor for Supervisord {
    fn name(&self) -> &'static str {
        "supervisor"
    }

    /// It starts them one by one, and takes longer for each the more there are: ten seconds for 500.
    fn most(&self) -> usize {
        500
    }

    fn prepare(&self, site: &Site) -> Result<()> {
        let config = site.config();
        fs::write(main_file(site), main(&config)).context("unable to write supervisord's configuration")?;
        let sections: String = site.names().iter().map(|name| section(name, &site.service(name))).collect();
        fs::write(config.join("all.conf"), sections).context("unable to write supervisord's configuration")
    }

    fn scanner(&self, site: &Site) -> Command {
        let mut command = theirs("supervisord");
        command.arg("-n").arg("-c").arg(main_file(site)).current_dir(site.services());
        command
    }

    fn supervises(&self, _: Pid) -> Result<Vec<Pid>> {
        Ok(Vec::new())
    }

    fn arrivals(&self) -> &'static [Arrival] {
        &[Arrival::Told]
    }

    fn tell(&self, _: Arrival, site: &Site, service: &str) -> Result<()> {
        let section = section(service, &site.service(service));
        let file = site.config().join(format!("{service}.conf"));
        fs::write(file, section).context("unable to write supervisord's configuration")?;
        run(control(site, &["update"]))
    }

    fn order(&self, order: Order, site: &Site, service: &str) -> Option<Command> {
        Some(match order {
            Order::Up => control(site, &["start", service]),
            Order::Down => control(site, &["stop", service]),
            Order::Terminate => control(site, &["signal", "TERM", service]),
            // What is stopped by STOP does not end by its TERM, only by the KILL ten seconds later.
            Order::Pause => return None,
        })
    }

    fn status(&self, site: &Site, _: &[String]) -> Vec<Command> {
        vec![control(site, &["status"])]
    }

    fn stop(&self, site: &Site, _: Pid) -> Result<()> {
        run(control(site, &["shutdown"]))
    }
}

fn main_file(site: &Site) -> PathBuf {
    site.config().join("main.ini")
}

fn control(site: &Site, words: &[&str]) -> Command {
    let mut command = theirs("supervisorctl");
    command.arg("-c").arg(main_file(site)).args(words);
    command
}

fn main(config: &Path) -> String {
    let config = config.display();
    format!(
        "[unix_http_server]\nfile={config}/socket\n\
         [supervisord]\nlogfile=/dev/null\nlogfile_maxbytes=0\nloglevel=error\npidfile={config}/pid\n\
         childlogdir={config}\nminfds=4096\n\
         [rpcinterface:supervisor]\n\
         supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://{config}/socket\n\
         [include]\nfiles={config}/*.conf\n"
    )
}

/// As a service that is always to run.
fn section(name: &str, folder: &Path) -> String {
    let folder = folder.display();
    let mut section = String::new();
    let _ = write!(
        section,
        "[program:{name}]\ncommand={folder}/run\ndirectory={folder}\nautorestart=true\nstartsecs=0\n\
         stdout_logfile=/dev/null\nstdout_logfile_maxbytes=0\nstderr_logfile=/dev/null\nstderr_logfile_maxbytes=0\n"
    );
    section
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_includes_every_section() {
        let text = main(Path::new("/tmp/config"));
        assert!(text.ends_with("[include]\nfiles=/tmp/config/*.conf\n"), "{text}");
        assert!(text.contains("\nserverurl=unix:///tmp/config/socket\n"), "{text}");
    }

    #[test]
    fn a_service_works_in_its_folder() {
        let text = section("web", Path::new("/services/web"));
        assert!(
            text.starts_with("[program:web]\ncommand=/services/web/run\ndirectory=/services/web\n"),
            "{text}"
        );
        assert!(text.contains("\nstartsecs=0\n"), "{text}");
    }
}

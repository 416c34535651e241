//! What a file is: by its name, else by what is in it.

use super::plan::Source;
use crate::arguments::Format;
use std::os::unix::ffi::OsStrExt;

/// The format of a file; `None` where nothing tells.
pub(super) fn of(source: &Source) -> Option<Format> {
    let name = source.path.file_name().map(|name| name.as_bytes().to_ascii_lowercase()).unwrap_or_default();
    by_name(&name).or_else(|| by_content(&source.text))
}

fn by_name(name: &[u8]) -> Option<Format> {
    let ends = |end: &[u8]| name.ends_with(end);
    if name == b"procfile" || name.starts_with(b"procfile.") || ends(b".procfile") {
        Some(Format::Procfile)
    } else if ends(b".json") || ends(b".config.js") || ends(b".config.cjs") {
        Some(Format::Pm2)
    } else if name.starts_with(b"supervisor") && (ends(b".conf") || ends(b".ini")) {
        Some(Format::Supervisor)
    } else {
        None
    }
}

fn by_content(text: &[u8]) -> Option<Format> {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| {
        !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b";") && !line.starts_with(b"//")
    });
    let first = lines.next()?;
    let is_section = |line: &[u8]| {
        let name = line.strip_prefix(b"[").and_then(|line| line.split(|byte| *byte == b']').next());
        name.is_some_and(|name| name == b"supervisord" || name == b"include" || name.contains(&b':'))
    };
    if is_section(first) || lines.clone().any(is_section) {
        Some(Format::Supervisor)
    } else if first.starts_with(b"{") || first.starts_with(b"[") {
        Some(Format::Pm2)
    } else if std::iter::once(first).chain(lines).all(is_process) {
        Some(Format::Procfile)
    } else {
        None
    }
}

/// A line of a Procfile: `NAME: COMMAND`.
fn is_process(line: &[u8]) -> bool {
    let colon = line.iter().position(|byte| *byte == b':');
    let Some((name, command)) = colon.map(|colon| line.split_at(colon)) else { return false };
    !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && command.trim_ascii() != b":"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(name: &str, text: &str) -> Option<Format> {
        of(&Source { path: name.into(), text: text.as_bytes().to_vec(), is_private: false })
    }

    #[test]
    fn a_name_tells() {
        assert_eq!(format("/etc/supervisor/supervisord.conf", ""), Some(Format::Supervisor));
        assert_eq!(format("/app/Procfile", ""), Some(Format::Procfile));
        assert_eq!(format("/app/Procfile.dev", ""), Some(Format::Procfile));
        assert_eq!(format("/app/ecosystem.json", ""), Some(Format::Pm2));
        assert_eq!(format("/app/ecosystem.config.js", "module.exports = {}"), Some(Format::Pm2));
    }

    #[test]
    fn else_what_is_in_it() {
        let conf = "; workers\n[program:web]\ncommand=web\n";
        assert_eq!(format("/etc/supervisor/conf.d/web.conf", conf), Some(Format::Supervisor));
        assert_eq!(format("x", "[supervisord]\nnodaemon=true\n"), Some(Format::Supervisor));
        assert_eq!(format("x", "[unix_http_server]\nfile=/x\n[supervisord]\n"), Some(Format::Supervisor));
        assert_eq!(format("x", "{\"apps\": []}"), Some(Format::Pm2));
        assert_eq!(format("x", "# all\nweb: bundle exec x\nworker: y\n"), Some(Format::Procfile));
        assert_eq!(format("x", "hello world\n"), None);
        assert_eq!(format("x", ""), None);
    }
}

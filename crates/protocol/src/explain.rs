//! Why a program cannot be executed, in words that say what to do. The kernel has one number for "run is missing",
//! "its interpreter is missing" and "it was edited on Windows".

use crate::script::Interpreter;
use nix::errno::Errno;
use nix::sys::stat::{SFlag, stat};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{AccessFlags, access};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What is behind an error of exec, beyond the error's own text; `None` where that says it all.
#[must_use]
pub fn execution(program: &CStr, error: Errno) -> Option<String> {
    if error == Errno::EAGAIN {
        return Some("the account has as many processes as its limit allows".to_owned());
    }
    let found = match stat(program) {
        Ok(found) => found,
        Err(Errno::EACCES) if error == Errno::EACCES => {
            return Some("this account may not enter a folder on the way to it".to_owned());
        }
        Err(_) => return None,
    };
    if crate::file::kind(&found) != SFlag::S_IFREG {
        return Some("it is not a regular file".to_owned());
    }
    match error {
        Errno::EACCES if found.st_mode & 0o111 == 0 => Some("it is not executable: chmod +x".to_owned()),
        Errno::EACCES if forbids_execution(program) => Some("its file system is mounted noexec".to_owned()),
        Errno::EACCES if access(program, AccessFlags::X_OK).is_err() => {
            Some("this account may not execute it".to_owned())
        }
        Errno::ENOENT | Errno::EACCES | Errno::ENOTDIR | Errno::ELOOP => interpreter(program),
        Errno::ENOEXEC => {
            Some("it is neither a program for this machine nor a script that begins with #!".to_owned())
        }
        _ => None,
    }
}

fn forbids_execution(program: &CStr) -> bool {
    statvfs(program).is_ok_and(|system| system.flags().contains(FsFlags::ST_NOEXEC))
}

fn interpreter(program: &CStr) -> Option<String> {
    let mut start = Vec::new();
    File::open(Path::new(std::ffi::OsStr::from_bytes(program.to_bytes())))
        .ok()?
        .take(256)
        .read_to_end(&mut start)
        .ok()?;
    let Some(interpreter) = Interpreter::of(&start) else {
        return start
            .starts_with(b"\x7fELF")
            .then(|| "the loader or a script interpreter that it asks for is missing".to_owned());
    };
    if interpreter.has_dos_line_end() {
        return Some("its first line ends in a carriage return: it has the line ends of DOS".to_owned());
    }
    let path = CString::new(interpreter.path).ok()?;
    let what = match stat(path.as_c_str()) {
        Err(Errno::ENOENT) => "does not exist",
        Err(_) => "cannot be reached",
        Ok(found) if crate::file::kind(&found) != SFlag::S_IFREG => "is not a program",
        Ok(_) if access(path.as_c_str(), AccessFlags::X_OK).is_err() => "may not be executed",
        Ok(_) => return None,
    };
    Some(format!("its interpreter {} {what}", String::from_utf8_lossy(interpreter.path).escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn explained(content: &str, mode: u32, error: Errno) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        execution(&CString::new(path.as_os_str().as_bytes()).unwrap(), error)
    }

    #[test]
    fn each_cause_has_its_words() {
        let says =
            |text: Option<String>, part: &str| assert!(text.as_deref().unwrap().contains(part), "{text:?}");
        says(explained("#!/bin/sh\n", 0o644, Errno::EACCES), "chmod +x");
        says(explained("#!/no/such/python\n", 0o755, Errno::ENOENT), "/no/such/python does not exist");
        says(explained("#!/bin/sh\r\n", 0o755, Errno::ENOENT), "DOS");
        says(explained("echo\n", 0o755, Errno::ENOEXEC), "#!");
        says(explained("#!/etc\n", 0o755, Errno::EACCES), "/etc is not a program");
        assert_eq!(execution(c"/no/such/run", Errno::ENOENT), None, "the error says it");
    }
}

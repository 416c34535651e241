//! Where our own programs are: beside the one that runs, so that an installation never mixes with another one
//! that comes first in PATH.

use nix::errno::Errno;
use nix::unistd::{execve, execvpe};
use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Finds our own programs. Made once, at the start: an upgrade may move the file away later.
#[derive(Clone, Debug)]
pub struct OwnFolder(Option<PathBuf>);

impl OwnFolder {
    /// The folder of /proc/self/exe, else that of the file name which the kernel noted at exec.
    #[must_use]
    pub fn find() -> Self {
        let program = std::fs::read_link("/proc/self/exe").ok().or_else(executed_name);
        Self(program.and_then(|path| path.parent().map(PathBuf::from)).filter(|folder| folder.is_absolute()))
    }

    /// The path of one of our programs; `None` where it must be sought in PATH.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<CString> {
        let path = self.0.as_ref()?.join(name);
        path.exists().then(|| CString::new(path.into_os_string().as_bytes()).ok()).flatten()
    }
    /// Becomes one of our programs, or the one of that name in PATH where it is not beside us. Comes back only where that failed.
    pub fn execute(&self, name: &CStr, arguments: &[&CStr], environment: &[&CStr]) -> Errno {
        let Err(error) = match self.program(&name.to_string_lossy()) {
            Some(path) => execve(&path, arguments, environment),
            None => execvpe(name, arguments, environment),
        };
        error
    }
}

/// The file name that this process was started from, as the kernel keeps it for the program.
fn executed_name() -> Option<PathBuf> {
    // SAFETY: getauxval reads a table that the kernel made, and answers 0 for what is not in it.
    let address = unsafe { libc::getauxval(libc::AT_EXECFN) };
    let name = std::ptr::with_exposed_provenance::<std::ffi::c_char>(usize::try_from(address).ok()?);
    if name.is_null() {
        return None;
    }
    // SAFETY: the kernel put the address of a string there that lives as long as the process.
    let name = unsafe { CStr::from_ptr(name) };
    Some(PathBuf::from(OsStr::from_bytes(name.to_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_folder_of_the_running_program() {
        let own = OwnFolder::find();
        let this = std::env::current_exe().unwrap();
        let name = this.file_name().unwrap().to_str().unwrap();
        assert_eq!(own.program(name).unwrap().as_bytes(), this.as_os_str().as_bytes());
        assert_eq!(own.program("no such program"), None);
    }

    #[test]
    fn the_kernel_knows_the_name_too() {
        assert_eq!(executed_name().unwrap().file_name(), std::env::current_exe().unwrap().file_name());
    }
}

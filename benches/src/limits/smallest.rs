//! The smallest programs that there can be: one page, no library, no stack but the kernel's, and nothing done but what
//! they are for. What takes longer than these, or more memory, does something else as well.
//!
//! A compiler's smallest is larger, and differs from one to the next; so these are written out, for the processors of
//! which the words are known here.

use anyhow::{Context, Result};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Smallest {
    /// Ends, with 0.
    End,
    /// Is the program of its first argument, with the others.
    Exec,
    /// Waits for a signal.
    Wait,
}

/// As the ELF header has it, and the code of each.
#[cfg(target_arch = "x86_64")]
const PROCESSOR: Option<(u16, [&[u8]; 3])> = Some((
    62,
    [
        b"\x31\xff\xb8\x3c\0\0\0\x0f\x05", // exit(0)
        // execve(argv[1], argv + 1, envp); exit(111)
        b"\x48\x8b\x7c\x24\x10\x48\x8d\x74\x24\x10\x48\x8b\x04\x24\x48\x8d\x54\xc4\x10\xb8\x3b\0\0\0\x0f\x05\
          \xbf\x6f\0\0\0\xb8\x3c\0\0\0\x0f\x05",
        b"\xb8\x22\0\0\0\x0f\x05\x31\xff\xb8\x3c\0\0\0\x0f\x05", // pause(); exit(0)
    ],
));
#[cfg(target_arch = "aarch64")]
const PROCESSOR: Option<(u16, [&[u8]; 3])> = Some((
    183,
    [
        b"\x00\x00\x80\xd2\xa8\x0b\x80\xd2\x01\x00\x00\xd4", // exit(0)
        // execve(argv[1], argv + 1, envp); exit(111)
        b"\xe0\x0b\x40\xf9\xe1\x43\x00\x91\xe2\x03\x40\xf9\x22\x0c\x02\x8b\xa8\x1b\x80\xd2\x01\x00\x00\xd4\
          \xe0\x0d\x80\xd2\xa8\x0b\x80\xd2\x01\x00\x00\xd4",
        // ppoll(0, 0, 0, 0, 0); exit(0)
        b"\x00\x00\x80\xd2\x01\x00\x80\xd2\x02\x00\x80\xd2\x03\x00\x80\xd2\x04\x00\x80\xd2\x28\x09\x80\xd2\
          \x01\x00\x00\xd4\x00\x00\x80\xd2\xa8\x0b\x80\xd2\x01\x00\x00\xd4",
    ],
));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const PROCESSOR: Option<(u16, [&[u8]; 3])> = None;

impl Smallest {
    /// Writes it into a folder, if it is not there; `None` on another processor.
    pub(crate) fn program(self, folder: &Path) -> Result<Option<PathBuf>> {
        let path = folder.join(format!("smallest-{self:?}").to_lowercase());
        let Some(image) = self.image() else { return Ok(None) };
        if !path.exists() {
            fs::write(&path, image)
                .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o755)))
                .with_context(|| format!("unable to write {}", path.display()))?;
        }
        Ok(Some(path))
    }

    fn image(self) -> Option<Vec<u8>> {
        let (machine, [end, exec, wait]) = PROCESSOR?;
        let code = match self {
            Self::End => end,
            Self::Exec => exec,
            Self::Wait => wait,
        };
        Some(elf(machine, code))
    }
}

/// Where the image is in memory, headers and all.
const ADDRESS: u64 = 0x40_0000;
const ELF_HEADER: u16 = 64;
const PROGRAM_HEADER: u16 = 56;

/// A static program of this code: an ELF header, a program header that maps the whole file, another that says that the
/// stack holds no code.
fn elf(machine: u16, code: &[u8]) -> Vec<u8> {
    let headers = u64::from(ELF_HEADER + 2 * PROGRAM_HEADER);
    let size = headers.saturating_add(code.len() as u64);
    let (readable, writable, executable) = (4_u32, 2_u32, 1_u32);
    let mut image = Vec::new();
    let mut put = |bytes: &[u8]| image.extend_from_slice(bytes);

    put(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"); // 64 bits, the little end first
    put(&2_u16.to_le_bytes()); // at a fixed address
    put(&machine.to_le_bytes());
    put(&1_u32.to_le_bytes());
    put(&ADDRESS.saturating_add(headers).to_le_bytes()); // where it begins
    put(&u64::from(ELF_HEADER).to_le_bytes()); // where the program headers are
    put(&[0; 12]); // no sections, no flags
    for number in [ELF_HEADER, PROGRAM_HEADER, 2, 0, 0, 0] {
        put(&number.to_le_bytes());
    }

    put(&1_u32.to_le_bytes()); // to be loaded
    put(&(readable | executable).to_le_bytes());
    for number in [0, ADDRESS, ADDRESS, size, size, 0x1_0000] {
        put(&number.to_le_bytes());
    }

    put(&0x6474_e551_u32.to_le_bytes()); // the stack
    put(&(readable | writable).to_le_bytes());
    put(&[0; 48]);

    put(code);
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let Some(program) = Smallest::End.program(folder.path()).unwrap() else { return };
        assert!(Command::new(program).status().unwrap().success());
    }

    #[test]
    fn it_is_another_program_with_its_arguments_and_environment() {
        let folder = tempfile::tempdir().unwrap();
        let Some(program) = Smallest::Exec.program(folder.path()).unwrap() else { return };
        let script = ["/bin/sh", "-c", "echo $0 $1 $GREETING", "a", "b"];
        let output = Command::new(&program).args(script).env("GREETING", "hello").output().unwrap();
        assert_eq!(output.stdout, b"a b hello\n");
        let status = Command::new(&program).arg(folder.path().join("none")).status().unwrap();
        assert_eq!(status.code(), Some(111));
    }

    #[test]
    fn it_waits() {
        let folder = tempfile::tempdir().unwrap();
        let Some(program) = Smallest::Wait.program(folder.path()).unwrap() else { return };
        let mut child = Command::new(program).spawn().unwrap();
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
    }
}

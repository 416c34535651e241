//! A file system that takes questions and never answers: the kernel asks a program through /dev/fuse, and the program is this
//! test. What waits for it is in the state `D`, where no signal reaches it.

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use testkit::{DEADLINE, Tool, skip};

/// The kernel's first question, and the number of bytes that each begins with: length, kind, number, ...
const INIT: u32 = 26;
const HEAD: usize = 40;

/// A mount, as long as this lives: then what waits for it gets an error.
pub(super) struct Hanging {
    path: PathBuf,
    asked: Receiver<()>,
    _device: File,
}

impl Hanging {
    /// Mounts one, on a folder that is made; `None`, and says so, where that cannot be done.
    pub(super) fn mount(path: &Path) -> Option<Self> {
        let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC;
        let Ok(device) = open("/dev/fuse", flags, Mode::empty()).map(File::from) else {
            skip("it needs /dev/fuse");
            return None;
        };
        std::fs::create_dir(path).unwrap();
        let options = "fd=0,rootmode=40000,user_id=0,group_id=0";
        let mut mount =
            Tool::new(Path::new("mount")).args(["-i", "-t", "fuse", "-o", options, "upkeep-test"]);
        mount.command().stdin(device.try_clone().unwrap()).arg(path);
        if mount.run().end != Ok(0) {
            skip("it needs the right to mount");
            return None;
        }
        let (tell, asked) = channel();
        let mut kernel = device.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut question = [0; 1 << 16];
            while let Ok(length) = kernel.read(&mut question) {
                if number(&question[4..]) == INIT {
                    kernel.write_all(&welcome(&question[..length])).unwrap();
                } else if tell.send(()).is_err() {
                    return;
                }
            }
        });
        Some(Self { path: path.into(), asked, _device: device })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until somebody waits for an answer.
    #[track_caller]
    pub(super) fn is_asked(&self) {
        self.asked.recv_timeout(DEADLINE).expect("a question");
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        // By force, so that who waits is told.
        let _ = Tool::new(Path::new("umount")).arg("-f").arg("-i").arg(&self.path).run();
        let _ = Tool::new(Path::new("umount")).arg("-l").arg("-i").arg(&self.path).run();
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_ne_bytes(*bytes.first_chunk().unwrap())
}

/// The answer to the first question: the same version, and nothing special.
fn welcome(question: &[u8]) -> Vec<u8> {
    let mut answer = vec![0; 16 + 64];
    let length = u32::try_from(answer.len()).unwrap();
    answer[..4].copy_from_slice(&length.to_ne_bytes());
    answer[8..16].copy_from_slice(&question[8..16]);
    // Major and minor version, and how much may be written at a time.
    answer[16..24].copy_from_slice(&question[HEAD..HEAD + 8]);
    answer[16 + 20..16 + 24].copy_from_slice(&4096_u32.to_ne_bytes());
    answer
}

//! Whether systemd's user database holds anything that `/etc/group` does not. It reads no record: that one is
//! there is enough to ask NSS.

use std::fs::read_dir;
use std::io::ErrorKind;
use std::path::Path;

/// The folder of the sockets of services that answer, which has one wherever systemd runs, and the folders of
/// records, in which `*.membership` puts an account of the files into a group.
const FOLDERS: [&str; 6] = [
    "run/systemd/userdb",
    "etc/userdb",
    "run/userdb",
    "run/host/userdb",
    "usr/lib/userdb",
    "usr/local/lib/userdb",
];

/// Whether systemd could know of memberships that are not in the files. A folder that cannot be read may hold
/// anything.
pub(crate) fn holds_records(root: &Path) -> bool {
    // Most are not there, and stat says so for less than opendir.
    let folders = FOLDERS.iter().map(|folder| root.join(folder));
    folders.map(|folder| folder.metadata().and_then(|_| read_dir(folder))).any(|folder| match folder {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != ErrorKind::NotFound,
    })
}

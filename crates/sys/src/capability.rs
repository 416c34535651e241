//! The capabilities of this process: its five sets, as masks with bit N for the capability of number N.

use nix::errno::Errno;
use std::ffi::CStr;

/// The header of capget(2) and capset(2): the version with two words a set, and this process.
#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

/// `_LINUX_CAPABILITY_VERSION_3`.
const VERSION: u32 = 0x2008_0522;

/// What capget(2) and capset(2) have for one half of the capabilities: the lower one comes first.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// The most that a mask has room for.
const MOST: u8 = 64;

/// What a process can do now, may take up, and passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sets {
    /// What counts now.
    pub effective: u64,
    /// What it may make effective.
    pub permitted: u64,
    /// What a program with capabilities of its own gets, if it has these too.
    pub inheritable: u64,
    /// The most that any program can get by being executed.
    pub bounding: u64,
    /// What any ordinary program gets by being executed.
    pub ambient: u64,
}

/// Reads the sets of this process.
///
/// # Errors
///
/// What capget and prctl say: ambient sets are there from Linux 4.3 on.
pub fn sets() -> Result<Sets, Errno> {
    let mut header = Header { version: VERSION, pid: 0 };
    let mut halves = [Half::default(); 2];
    // SAFETY: the kernel reads the header, into which it writes the version that it has where it does not know this one, and
    // for this one writes two halves.
    let result = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, halves.as_mut_ptr()) };
    Errno::result(result)?;
    let whole = |part: fn(&Half) -> u32| {
        let [low, high] = &halves;
        u64::from(part(low)) | u64::from(part(high)) << 32
    };
    let (mut bounding, mut ambient) = (0, 0);
    for number in known()? {
        bounding |= u64::from(is_in_bounding(number)?) << number;
        ambient |= u64::from(is_ambient(number)?) << number;
    }
    Ok(Sets {
        effective: whole(|half| half.effective),
        permitted: whole(|half| half.permitted),
        inheritable: whole(|half| half.inheritable),
        bounding,
        ambient,
    })
}

/// The numbers of the capabilities that this kernel has.
///
/// # Errors
///
/// What prctl says, other than that there is none of a number.
pub fn known() -> Result<std::ops::Range<u8>, Errno> {
    for number in 0..MOST {
        match is_in_bounding(number) {
            Err(Errno::EINVAL) => return Ok(0..number),
            other => other?,
        };
    }
    Ok(0..MOST)
}

/// Takes all but these out of the bounding set, for good: nothing that is executed from here on gets another one.
///
/// # Errors
///
/// EPERM without the capability setpcap; what else prctl says.
pub fn bound_to(kept: u64) -> Result<(), Errno> {
    for number in known()? {
        if kept & 1 << number == 0 && is_in_bounding(number)? {
            prctl(libc::PR_CAPBSET_DROP, number.into(), 0)?;
        }
    }
    Ok(())
}

/// Makes these, and no others, permitted, effective and inheritable. Ambient ones that are not among them are given up.
///
/// # Errors
///
/// EPERM where one is not permitted; what else capset says.
pub fn set(capabilities: u64) -> Result<(), Errno> {
    let mut header = Header { version: VERSION, pid: 0 };
    // The shift leaves a half, and the mask takes one.
    let half = |shift: u32| u32::try_from(capabilities >> shift & u64::from(u32::MAX)).unwrap_or(0);
    let halves = [0, 32].map(half).map(|half| Half { effective: half, permitted: half, inheritable: half });
    // SAFETY: the kernel reads the header, into which it writes as for capget, and for this version two halves.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, halves.as_ptr()) };
    Errno::result(result).map(drop)
}

/// Gives up every capability of this process: effective, permitted, inheritable and ambient. A change of uid alone
/// leaves the inheritable ones, and under some secure bits all.
///
/// # Errors
///
/// What capset says. Giving up needs no privilege, so an error means that the system is not what it seems.
pub fn give_up_all() -> Result<(), Errno> {
    set(0)
}

/// Makes one that is permitted and inheritable ambient: it outlives the execution of ordinary programs.
///
/// # Errors
///
/// EPERM where it is not both, or where secure bits forbid it; what else prctl says.
pub fn raise_ambient(number: u8) -> Result<(), Errno> {
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE, number).map(drop)
}

/// The capabilities that a program's file gives to whoever executes it (setcap(8)), as a mask; none where it cannot be found out.
#[must_use]
pub fn of_file(path: &CStr) -> u64 {
    // A word for the version and flags, then for each half of the capabilities one for what is permitted, one for what is inheritable.
    let mut words = [0_u32; 6];
    let name = c"security.capability";
    // SAFETY: two strings that end in NUL, and an array of as many bytes as is said, which the kernel writes.
    let length = unsafe {
        libc::getxattr(path.as_ptr(), name.as_ptr(), words.as_mut_ptr().cast(), size_of_val(&words))
    };
    let Ok(20..) = usize::try_from(length) else { return 0 };
    let [_, low, _, high, ..] = words.map(u32::from_le);
    u64::from(low) | u64::from(high) << 32
}

fn is_in_bounding(number: u8) -> Result<bool, Errno> {
    prctl(libc::PR_CAPBSET_READ, number.into(), 0).map(|answer| answer == 1)
}

fn is_ambient(number: u8) -> Result<bool, Errno> {
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_IS_SET, number).map(|answer| answer == 1)
}

/// One of the requests above: all of them take small numbers and no pointers.
fn prctl(request: i32, second: i32, third: u8) -> Result<i32, Errno> {
    let (second, third) = (libc::c_ulong::from(second.unsigned_abs()), libc::c_ulong::from(third));
    let unused: libc::c_ulong = 0;
    // SAFETY: the requests of this file are about capabilities, and take their arguments as numbers: no memory is involved.
    let result = unsafe { libc::prctl(request, second, third, unused, unused) };
    Errno::result(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sets_are_those_that_the_system_shows() {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let shown = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            u64::from_str_radix(line.trim(), 16).unwrap()
        };
        let expected = Sets {
            effective: shown("CapEff:"),
            permitted: shown("CapPrm:"),
            inheritable: shown("CapInh:"),
            bounding: shown("CapBnd:"),
            ambient: shown("CapAmb:"),
        };
        assert_eq!(sets(), Ok(expected));
    }

    #[test]
    fn the_kernel_has_as_many_as_it_says() {
        let last = std::fs::read_to_string("/proc/sys/kernel/cap_last_cap").unwrap();
        assert_eq!(known().map(|numbers| numbers.end - 1), Ok(last.trim().parse().unwrap()));
    }

    #[test]
    fn a_file_gives_what_setcap_has_put_there() {
        let folder = std::env::temp_dir().join(format!("capability-{}", std::process::id()));
        std::fs::write(&folder, "").unwrap();
        let path = std::ffi::CString::new(folder.to_str().unwrap()).unwrap();
        assert_eq!(of_file(&path), 0);
        let value = [0x0200_0001_u32, 1 << 10, 0, 1 << 2, 0].map(u32::to_le_bytes).concat();
        // SAFETY: two strings that end in NUL, and as many bytes as are said.
        let set = unsafe {
            libc::setxattr(
                path.as_ptr(),
                c"security.capability".as_ptr(),
                value.as_ptr().cast(),
                value.len(),
                0,
            )
        };
        if set == 0 {
            assert_eq!(of_file(&path), 1 << 10 | 1 << 34);
        }
        std::fs::remove_file(&folder).unwrap();
        assert_eq!(of_file(&path), 0);
    }

    #[test]
    fn what_is_not_inheritable_does_not_become_ambient() {
        let sets = sets().unwrap();
        for number in known().unwrap().filter(|number| sets.inheritable & 1 << number == 0) {
            assert_eq!(raise_ambient(number), Err(Errno::EPERM));
        }
        assert_eq!(raise_ambient(known().unwrap().end), Err(Errno::EINVAL));
    }
}

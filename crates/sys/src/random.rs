//! Numbers that nobody can guess.

use nix::errno::Errno;

/// So many random bytes, at once: also early in the life of the machine, when they are a little less random.
///
/// # Errors
///
/// ENOSYS before Linux 3.17; before 5.6 also EAGAIN, early in the life of the machine.
pub fn bytes<const N: usize>() -> Result<[u8; N], Errno> {
    let mut bytes = [0; N];
    let length = match fill(&mut bytes, libc::GRND_INSECURE) {
        // Before Linux 5.6.
        Err(Errno::EINVAL) => fill(&mut bytes, libc::GRND_NONBLOCK),
        other => other,
    }?;
    // Up to 256 bytes come at once.
    if length == N { Ok(bytes) } else { Err(Errno::EAGAIN) }
}

fn fill(bytes: &mut [u8], flags: libc::c_uint) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most so many bytes to that address as the slice has.
    let result = unsafe { libc::syscall(libc::SYS_getrandom, bytes.as_mut_ptr(), bytes.len(), flags) };
    Errno::result(result).map(|length| usize::try_from(length).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_others_each_time() {
        let one: [u8; 16] = bytes().unwrap();
        assert_ne!(one, bytes().unwrap());
        assert_ne!(one, [0; 16]);
    }
}

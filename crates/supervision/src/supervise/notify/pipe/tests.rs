use super::*;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Pid, write};
use std::process::{Child, Command, Stdio};

/// A process, for as long as this lives.
struct Sleeping(Child);

impl Drop for Sleeping {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process that has that as its descriptor 0, and the pidfd that holds it.
fn with(stdin: impl Into<Stdio>) -> (Sleeping, Pidfd) {
    let child = Command::new("sleep").arg("1000").stdin(stdin).spawn().unwrap();
    let pidfd = Pidfd::open(Pid::from_raw(child.id().try_into().unwrap())).unwrap();
    (Sleeping(child), pidfd)
}

/// Waits until nobody has the other end any more: what another test is just about to start has it for a moment.
fn wait_for_end(of: &NotifyPipe) {
    let mut asked = [PollFd::new(of.as_fd(), PollFlags::empty())];
    assert_eq!(poll(&mut asked, PollTimeout::from(60_000_u16)), Ok(1));
}

#[test]
fn a_newline_anywhere_is_ready_and_stays() {
    let (ours, theirs) = NotifyPipe::pair().unwrap();
    assert_eq!(ours.next(), Heard::Nothing);
    write(&theirs, b"not").unwrap();
    assert_eq!((ours.next(), ours.next()), (Heard::Nothing, Heard::Nothing));
    assert_eq!(sys::descriptor::unread_bytes(&ours), Ok(0), "it does not make the pipe readable for ever");
    write(&theirs, b" yet\nand so on").unwrap();
    assert_eq!((ours.next(), ours.next()), (Heard::Ready, Heard::Ready));
    drop(theirs);
    assert_eq!(NotifyPipe::kept(ours.0).next(), Heard::Ready);
}

#[test]
fn its_end_without_a_line() {
    let (ours, theirs) = NotifyPipe::pair().unwrap();
    write(&theirs, b"x").unwrap();
    drop(theirs);
    wait_for_end(&ours);
    assert_eq!((ours.next(), ours.next(), ours.next()), (Heard::Nothing, Heard::Over, Heard::Over));
}

#[test]
fn a_line_is_found_behind_more_than_is_read_at_once() {
    let (ours, theirs) = NotifyPipe::pair().unwrap();
    write(&theirs, &[b'x'; 2 * BLOCK]).unwrap();
    write(&theirs, b"\n").unwrap();
    assert_eq!((ours.next(), ours.next(), ours.next()), (Heard::Nothing, Heard::Nothing, Heard::Ready));
}

#[test]
fn a_line_is_heard_where_no_second_pipe_can_be_had() {
    let (ours, theirs) = NotifyPipe::pair().unwrap();
    write(&theirs, b"x\n").unwrap();
    let mut block = [0; 8];
    let length = read(&ours, &mut block);
    assert_eq!(heard(length, &block), Heard::Ready);
    assert_eq!(heard(Ok(1), &block), Heard::Nothing, "what is behind the length is not heard");
    assert_eq!(heard(Err(Errno::EAGAIN), &block), Heard::Nothing);
    assert_eq!(heard(Ok(0), &block), Heard::Over);
}

#[test]
fn writing_goes_on_without_a_supervise_and_the_next_one_hears_it() {
    let (ours, theirs) = NotifyPipe::pair().unwrap();
    let (child, pidfd) = with(theirs.try_clone().unwrap());
    drop(ours);
    assert_eq!(write(&theirs, b"ready\n"), Ok(6));
    let back = NotifyPipe::taken_back(&pidfd, 0).unwrap();
    drop(theirs);
    assert_eq!(back.next(), Heard::Ready);
    drop(back);
    let back = NotifyPipe::taken_back(&pidfd, 0).unwrap();
    assert_eq!(back.next(), Heard::Ready, "and so does one after that");
    drop(child);
    let mut block = [0; 64];
    assert_eq!(read(&back, &mut block), Ok(6));
    wait_for_end(&back);
    assert_eq!(back.next(), Heard::Over);
}

#[test]
fn something_else_under_that_number_is_not_taken() {
    let (reader, _writer) = nix::unistd::pipe().unwrap();
    let (child, pidfd) = with(reader);
    assert!(NotifyPipe::taken_back(&pidfd, 0).is_none(), "an end of another pipe");
    assert!(NotifyPipe::taken_back(&pidfd, 700).is_none());
    drop(child);
    assert!(NotifyPipe::taken_back(&pidfd, 0).is_none(), "it has ended");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    nix::unistd::mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    let fifo = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let (child, pidfd) = with(fifo);
    assert!(NotifyPipe::taken_back(&pidfd, 0).is_none(), "a FIFO with a name");
    drop(child);
    let (child, pidfd) = with(Stdio::null());
    assert!(NotifyPipe::taken_back(&pidfd, 0).is_none(), "a device");
    drop(child);
}

//! The status record: written whenever something changes, read by svstat and svctl for each service.

use anyhow::Result;
use protocol::command::Target;
use protocol::identity::FolderId;
use protocol::process::{Boot, Mark, ProcessId};
use protocol::status::{Detail, Phase, Readiness, Status, Token, Want};
use protocol::tai64n::Tai64n;
use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Duration;
use sys::process::Ending;

pub(super) fn encode(count: u64) -> Result<()> {
    let status = status();
    for _ in 0..count {
        black_box(black_box(&status).encode());
    }
    Ok(())
}

pub(super) fn decode(count: u64) -> Result<()> {
    let bytes = status().encode();
    for _ in 0..count {
        black_box(Status::decode(black_box(&bytes))?);
    }
    Ok(())
}

/// Of a service that is up and ready, and has something to say.
fn status() -> Status {
    let since = Tai64n::from_wall(Duration::new(1_795_319_112, 123_456_789));
    let process = |pid| ProcessId { pid, mark: Some(Mark::Inode(77_000)) };
    Status {
        since,
        pid: NonZeroU32::new(4711),
        paused: false,
        want: Want::Up,
        terminated: false,
        detail: Some(Detail {
            phase: Phase::Up,
            last: Some(Ending::Exited(1)),
            file: Some(FolderId { device: 64_769, inode: 1_234_567 }),
            boot: Some(Boot { id: [7; 16], pid_namespace: 4_026_531_836 }),
            supervise: NonZeroU32::new(4700).map(process),
            run: Some(Mark::Inode(77_001)),
            session: NonZeroU32::new(4711),
            starts: 12,
            spacing: 1_000_000_000,
            last_start: Some(123_456_789_000),
            kill_target: Target::Process,
            readiness: Readiness::Ready(since),
            token: Some(Token(*b"tokentok")),
            says: "serving 12 clients".to_owned(),
            ..Detail::default()
        }),
    }
}

//! softlimit beside Debian's, and what daemontools-encore adds.

mod calls;
mod encore;
mod limits;

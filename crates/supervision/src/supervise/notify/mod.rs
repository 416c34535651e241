//! How a service tells supervise that it is ready, and whatever else it says of itself: what comes through, and from whom. What
//! follows from it is the machine's affair.
//!
//! - [`socket`] is systemd's convention, NOTIFY_SOCKET: words of sd_notify(3);
//! - [`pipe`] is s6's, `notification-fd`: a newline.

mod pipe;
mod socket;

pub(super) use pipe::{Heard, NotifyPipe};
pub(super) use socket::{Message, NotifySocket};

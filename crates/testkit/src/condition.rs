//! What a test waits for.

use crate::service::Service;
use protocol::report::Step;
use protocol::status::{Phase, Status, Want};
use std::fmt;

/// Something that becomes true of a service.
pub struct Condition {
    what: String,
    holds: Box<dyn Fn(&Service) -> bool>,
}

impl Condition {
    /// Any condition, with the words for the message when it does not come true.
    #[must_use]
    pub fn new(what: impl Into<String>, holds: impl Fn(&Service) -> bool + 'static) -> Self {
        Self { what: what.into(), holds: Box::new(holds) }
    }

    pub(crate) fn holds(&self, service: &Service) -> bool {
        (self.holds)(service)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.what)
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Condition({})", self.what)
    }
}

/// The status record says so; false while there is none.
#[must_use]
pub fn status(what: &str, says: impl Fn(&Status) -> bool + 'static) -> Condition {
    Condition::new(what, move |service| service.status().is_some_and(|status| says(&status)))
}

/// run runs, and a supervise is there that says it.
#[must_use]
pub fn up() -> Condition {
    Condition::new("up", |service| {
        service.is_supervised()
            && service.status().is_some_and(|status| {
                status.pid.is_some() && status.detail.is_none_or(|detail| detail.phase == Phase::Up)
            })
    })
}

/// Nothing runs, and nothing is due.
#[must_use]
pub fn down() -> Condition {
    status("down", |status| {
        status.pid.is_none()
            && status.detail.as_ref().map_or(status.want != Want::Up, |detail| detail.phase == Phase::Down)
    })
}

/// Nothing runs now, and our supervise waits for the next start.
#[must_use]
pub fn resting() -> Condition {
    status("resting", |status| status.detail.as_ref().is_some_and(|detail| detail.phase == Phase::Resting))
}

/// Our supervise has recorded that a start failed, for a reason that contains `part`, and the process of that start is gone. Of a run
/// that was ended since it was late or silent, the next one may be there already.
#[must_use]
pub fn failed(part: &str) -> Condition {
    let wanted = part.to_owned();
    status(&format!("not started because of {part:?}"), move |status| {
        let failed = status.detail.as_ref().and_then(|detail| detail.failed.as_ref());
        let is_over = |step: Step| status.pid.is_none() || step.is_of_a_run();
        failed.is_some_and(|failed| failed.reason.contains(&wanted) && is_over(failed.step))
    })
}

/// A supervise is there.
#[must_use]
pub fn supervised() -> Condition {
    Condition::new("supervised", Service::is_supervised)
}

/// No supervise is there (any more).
#[must_use]
pub fn not_supervised() -> Condition {
    Condition::new("not supervised", |service| !service.is_supervised())
}

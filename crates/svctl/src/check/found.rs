//! Findings as they come, and whether there was something that could not be seen.

use super::Finding;
use cli::errno::text;
use nix::errno::Errno;
use nix::unistd::geteuid;
use protocol::file::Unusable;
use protocol::report::Report;

/// What has been found so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In the order in which they came.
    pub(super) findings: Vec<Finding>,
    /// Something was hidden from us, and may be wrong.
    pub(super) is_partial: bool,
    /// What is refused to us is refused to supervise as well.
    is_keepers: bool,
}

impl Found {
    /// Nothing, where supervise is run by that account.
    pub(super) fn by(keeper: u32) -> Self {
        let us = geteuid();
        Self { is_keepers: us.is_root() || us.as_raw() == keeper, ..Self::default() }
    }

    /// Nothing, where nothing could be seen.
    pub(super) fn hidden() -> Self {
        Self { is_partial: true, ..Self::default() }
    }

    /// Adds one.
    pub(super) fn add(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Takes back, of the findings from that number on, those with such a code.
    pub(super) fn take_back(&mut self, first: usize, is_such: impl Fn(&str) -> bool) {
        let mut number = 0_usize;
        self.findings.retain(|finding| {
            number = number.saturating_add(1);
            number <= first || !is_such(finding.code)
        });
    }

    /// Adds a fault.
    pub(super) fn fault(
        &mut self,
        code: &'static str,
        file: impl Into<Option<String>>,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.add(Finding::fault(code, file, what, cure));
    }

    /// Adds advice.
    pub(super) fn advice(
        &mut self,
        code: &'static str,
        file: impl Into<Option<String>>,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.add(Finding::advice(code, file, what, cure));
    }

    /// Whether an error only says that we may not see something. That is noted, and is no finding.
    pub(super) fn hides(&mut self, error: Errno) -> bool {
        let is_hidden = matches!(error, Errno::EACCES | Errno::EPERM) && !self.is_keepers;
        self.is_partial |= is_hidden;
        is_hidden
    }

    /// Adds what the system says against a file, unless that is about our rights alone.
    pub(super) fn system(&mut self, code: &'static str, file: &str, error: Errno, cure: &str) {
        if !self.hides(error) {
            self.fault(code, file.to_owned(), format!("unable to use it: {}", text(error)), cure);
        }
    }

    /// The same for a file that was opened with care.
    pub(super) fn unusable(&mut self, code: &'static str, file: &str, why: Unusable, cure: &str) {
        match why {
            Unusable::System(error) => self.system(code, file, error, cure),
            other => self.fault(code, file.to_owned(), format!("unable to use it: {other}"), cure),
        }
    }

    /// Adds the reason for which a start would fail.
    pub(super) fn report(
        &mut self,
        code: &'static str,
        file: impl Into<Option<String>>,
        report: Report,
        cure: &str,
    ) {
        let Report::Failed { errno, reason, .. } = report else { return };
        if errno == 0 || !self.hides(Errno::from_raw(errno)) {
            self.fault(code, file, reason, cure);
        }
    }
}

//! The combined result of the sources of a scope.

use forebay_domain::run::RunStatus;

use super::answer::{EnsureError, Tried};
use crate::{error::Error, scrape::Candidate};

/// The combined result of the sources of a scope.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) tried: Vec<Tried>,
    pub(super) warnings: Vec<String>,
    pub(super) answered_by: Vec<String>,
    pub(super) num_records: i64,
    pub(super) run_id: Option<i64>,
    pub(super) is_partial: bool,
    pub(super) is_interrupted: bool,
    pub(super) error: Option<EnsureError>,
}

impl Gathered {
    /// Adds the outcome of one source.
    pub(super) fn take(&mut self, candidate: &Candidate) {
        let name = &candidate.source;
        self.run_id = candidate.run_id.or(self.run_id);
        let reason_code = candidate.reason_code().map(str::to_owned);
        self.tried.push(Tried {
            source: name.clone(),
            run_id: candidate.run_id,
            status: candidate.status(),
            reason_code: reason_code.clone(),
        });
        let report = match &candidate.result {
            Ok(report) => report,
            Err(error) => {
                self.warnings.push(format!("{name}: {error}"));
                self.is_interrupted |= matches!(error, Error::Interrupted);
                self.error = Some(EnsureError::from(error));
                return;
            }
        };
        if candidate.has_answered() {
            self.is_partial |= report.status == RunStatus::Partial;
            self.answered_by.push(name.clone());
            self.num_records += i64::try_from(report.counts.num_seen).unwrap_or(i64::MAX);
            self.warnings.extend(report.warnings.iter().cloned());
            if report.status == RunStatus::Partial {
                self.warnings.extend(report.messages.iter().cloned());
            }
            return;
        }
        let reason = if report.messages.is_empty() {
            "it found no records, although earlier runs did".to_owned()
        } else {
            report.messages.join("; ")
        };
        let status = report.status.as_str();
        let message = format!("run {} of {name} is {status}: {reason}", report.run_id);
        self.warnings.push(message.clone());
        self.error = Some(EnsureError {
            code: reason_code.unwrap_or_else(|| status.to_owned()),
            message,
            hint: Some(format!("`forebay runs show {}` shows the details", report.run_id)),
            retry_after_seconds: None,
            is_unreachable: false,
        });
    }
}

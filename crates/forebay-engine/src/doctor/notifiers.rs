//! Whether notifications reach their receivers.

use forebay_store::notifications::NotifierRow;
use jiff::{SignedDuration, Timestamp};

use super::check::{Check, CheckStatus};
use crate::{human, notify::Notifying};

/// How long ago the alerts of a declared notifier may last have been compared.
const UNWATCHED: SignedDuration = SignedDuration::from_mins(5);

/// Notifiers that fail, and those of this project that no worker serves.
pub(super) fn notifiers(notifying: &Notifying, stored: &[NotifierRow], now: Timestamp) -> Vec<Check> {
    let mut checks: Vec<Check> = stored.iter().filter_map(failing).collect();
    let project = notifying.project.as_deref().unwrap_or_default();
    for notifier in &notifying.notifiers {
        let row = stored.iter().find(|row| row.project == project && row.name == notifier.name);
        let observed_at = row.and_then(|row| row.observed_at);
        if observed_at.is_some_and(|at| now.duration_since(at) < UNWATCHED) {
            continue;
        }
        let message = match observed_at {
            Some(at) => format!("no worker has looked at its alerts since {}", human::timestamp(at)),
            None => "no worker has looked at its alerts yet".to_owned(),
        };
        let check = Check::new("notifiers", CheckStatus::Warning, message).about(&notifier.name);
        checks.push(check.hint("workers notice what needs a person, and send it").next("forebay work"));
    }
    if checks.is_empty() {
        let number = human::counted(notifying.notifiers.len() as u64, "notifier");
        checks.push(Check::ok("notifiers", format!("{number}; none fails")));
    }
    checks
}

fn failing(row: &NotifierRow) -> Option<Check> {
    let code = row.failure_code.as_deref()?;
    let message = match row.waiting_since {
        Some(at) => {
            let number = human::counted(row.num_waiting, "notification");
            format!("{number} not delivered, the oldest of {}: {code}", human::timestamp(at))
        }
        None => format!("the last notification failed for good: {code}"),
    };
    let error = row.last_error.as_deref().unwrap_or_default();
    let hint = format!("it said: {}; try it with `forebay notify test {}`", human::plain(error), row.name);
    let check = Check::new("notifiers", CheckStatus::Failed, message).about(&row.name);
    Some(check.hint(hint).next("forebay notify list"))
}

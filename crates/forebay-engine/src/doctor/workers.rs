//! Checks of the workers: those that died with claims, those of another version, and those whose clock is off.

use forebay_store::workers::{Worker, WorkerState};
use jiff::SignedDuration;

use super::{
    check::{Check, CheckStatus},
    checks::{MUCH_SKEW, SOME_SKEW},
};
use crate::human as format;

/// The code of these checks.
const CODE: &str = "workers";

pub(super) fn workers(workers: &[Worker]) -> Vec<Check> {
    let mut checks: Vec<Check> = workers.iter().flat_map(worker).collect();
    if checks.is_empty() {
        let number = workers.iter().filter(|worker| worker.state != WorkerState::Dead).count();
        let message = match number {
            0 => "none is at work".to_owned(),
            number => format!("{} at work", format::counted(number as u64, "worker")),
        };
        checks.push(Check::ok(CODE, message));
    }
    checks
}

fn worker(worker: &Worker) -> Vec<Check> {
    // Claims without a name are known by their leases only (`leases_expired`).
    let Some(name) = worker.name.as_deref() else { return Vec::new() };
    let problem = |status, message: String| Check::new(CODE, status, message).about(format::plain(name));
    let mut checks = Vec::new();
    if worker.state == WorkerState::Dead {
        // A dead worker without leases needs no action.
        let now = worker.last_seen_at + SignedDuration::try_from(worker.unseen).unwrap_or_default();
        if let Some(until) = worker.lease_until.filter(|until| *until > now) {
            let message = format!(
                "was not seen for {}, and holds {} until {until:.0}",
                format::duration(worker.unseen),
                format::counted(worker.num_handoffs, "hand-off"),
            );
            let check = problem(CheckStatus::Warning, message);
            // A command must not contain characters that disguise it.
            checks.push(if format::plain(name) == name {
                check.run(format!("forebay workers release {}", format::shell_word(name)))
            } else {
                check.hint("they are free when the lease ends")
            });
        }
        return checks;
    }
    let own = env!("CARGO_PKG_VERSION");
    if let Some(version) = worker.version.as_deref().filter(|version| *version != own) {
        let message = format!("runs version {}, this program is version {own}", format::plain(version));
        checks.push(problem(CheckStatus::Warning, message).hint("run one version on all machines"));
    }
    let skew = worker.clock_skew_ms.unwrap_or_default() / 1000;
    if skew.abs() >= SOME_SKEW {
        let status = if skew.abs() >= MUCH_SKEW { CheckStatus::Failed } else { CheckStatus::Warning };
        let message = format!(
            "its clock is {} s {} the database's",
            format::count(skew.unsigned_abs()),
            if skew > 0 { "ahead of" } else { "behind" }
        );
        checks.push(problem(status, message).hint("set the clock of its machine with NTP"));
    }
    checks
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;

    #[test]
    fn only_what_needs_action_is_a_problem() {
        let fine = Worker {
            name: Some("a:1".to_owned()),
            host: Some("a".to_owned()),
            pid: Some(1),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            state: WorkerState::Working,
            pipelines: Vec::new(),
            clock_skew_ms: Some(-4_999),
            started_at: Timestamp::UNIX_EPOCH,
            last_seen_at: Timestamp::UNIX_EPOCH,
            unseen: Duration::from_secs(40),
            num_claims: 1,
            num_handoffs: 3,
            lease_until: Some(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(60)),
        };
        let external = Worker { version: None, clock_skew_ms: None, ..fine.clone() };
        let idle = Worker { state: WorkerState::Dead, num_handoffs: 0, lease_until: None, ..fine.clone() };
        let rescued = Worker { lease_until: Some(Timestamp::UNIX_EPOCH), ..idle.clone() };
        let checks = workers(&[fine.clone(), external, idle, rescued]);
        assert_eq!(
            (checks.len(), checks[0].status, &*checks[0].message),
            (1, CheckStatus::Ok, "2 workers at work")
        );
        let dead = Worker { state: WorkerState::Dead, ..fine.clone() };
        let old = Worker { version: Some("0.0.1\u{1b}[31m".to_owned()), ..fine.clone() };
        let late = Worker { clock_skew_ms: Some(-5_000), ..fine.clone() };
        let early = Worker { clock_skew_ms: Some(40_400), ..fine };
        let checks = workers(&[dead.clone(), old, late, early]);
        let found: Vec<_> = checks.iter().map(|check| (check.status, &*check.message)).collect();
        let own = env!("CARGO_PKG_VERSION");
        let version = format!("runs version 0.0.1\u{fffd}[31m, this program is version {own}");
        assert_eq!(
            found,
            [
                (
                    CheckStatus::Warning,
                    "was not seen for 40.0 s, and holds 3 hand-offs until 1970-01-01T00:01:00Z"
                ),
                (CheckStatus::Warning, &*version),
                (CheckStatus::Warning, "its clock is 5 s behind the database's"),
                (CheckStatus::Failed, "its clock is 40 s ahead of the database's"),
            ]
        );
        assert_eq!(checks[0].next.as_deref(), Some("forebay workers release a:1"));
        let hidden = Worker { name: Some("a\u{202e}".to_owned()), ..dead };
        assert_eq!(workers(&[hidden])[0].next, None);
    }
}

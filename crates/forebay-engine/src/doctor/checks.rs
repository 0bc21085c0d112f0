//! Turns the store's facts into verdicts, with the thresholds of each check.

use std::time::Duration;

use forebay_store::{
    doctor::{Bloat, Holder, HolderKind, Queue, Server},
    handoffs::HandoffCount,
    migrations::{MigrationState, MigrationStatus},
};

use super::check::{Check, Severity};
use crate::human as format;

/// Fewer dead rows than this are no problem, whatever their share.
const FEW_DEAD: u64 = 10_000;
const MANY_DEAD: u64 = 1_000_000;
/// A transaction that keeps dead rows this long is probably a mistake, or a long report.
const LONG_HELD: Duration = Duration::from_mins(5);
const TOO_LONG_HELD: Duration = Duration::from_hours(1);
/// If something has been due this long and no worker left a trace, no worker is running.
const LONG_DUE: Duration = Duration::from_mins(5);
const TOO_LONG_DUE: Duration = Duration::from_hours(1);

pub(super) fn server(server: &Server) -> Vec<Check> {
    let version = Check::ok("postgres_version", format!("Postgres {}", server.version));
    let version = match server.major {
        15..=18 => version,
        ..15 => Check { verdict: Severity::Bad, ..version }
            .advice("Forebay needs Postgres 15 or later: upgrade it"),
        _ => Check { verdict: Severity::Warning, ..version }.advice("Forebay has been tested on 15 to 18"),
    };
    let vector = if server.has_vector { "installed" } else { "not installed, and not needed" };
    let autovacuum = if server.has_autovacuum {
        Check::ok("autovacuum", "on")
    } else {
        Check::new("autovacuum", Severity::Bad, "off: the queue's tables grow with every job")
            .advice("alter system set autovacuum = on; select pg_reload_conf()")
    };
    let worker_role = if server.has_worker_role {
        Check::ok("worker_role", "the role forebay_worker is there")
    } else {
        Check::new(
            "worker_role",
            Severity::Warning,
            "there is no role forebay_worker: only workers outside need it",
        )
        .advice("have a role that may create roles run what the guide to external workers says")
    };
    vec![version, autovacuum, worker_role, Check::ok("vector", format!("the extension vector is {vector}"))]
}

/// The schema, and whether the checks that need it can be made.
pub(super) fn schema(lines: &[MigrationStatus]) -> (Check, bool) {
    let number = |state| lines.iter().filter(|line| line.state == state).count();
    let newest = lines.iter().filter(|line| line.applied_at.is_some()).map(|line| line.version).max();
    let pending = number(MigrationState::Pending);
    let bad = |seen: String, advice: &str| (Check::new("schema", Severity::Bad, seen).advice(advice), false);
    if number(MigrationState::Unknown) > 0 {
        return bad("made by a newer Forebay".to_owned(), "use the newer version of this program");
    }
    if number(MigrationState::Drifted) > 0 {
        return bad("a migration was applied in another form".to_owned(), "see `forebay db status`");
    }
    match newest {
        Some(version) if pending == 0 => {
            (Check::ok("schema", format!("version {version}, up to date")), true)
        }
        newest => bad(
            format!("version {}, {pending} migrations pending", newest.unwrap_or(0)),
            "run `forebay db up`",
        ),
    }
}

pub(super) fn rights(role: &str, missing: &[String]) -> Check {
    match missing {
        [] => Check::ok("role_rights", format!("the role {role} may do all that Forebay does")),
        [first, others @ ..] => {
            let others = match others.len() {
                0 => String::new(),
                number => format!(", and {number} more"),
            };
            Check::new("role_rights", Severity::Bad, format!("the role {role} may not {first}{others}"))
                .advice("use the role that ran `forebay db up`, which owns everything")
        }
    }
}

pub(super) fn bloat(tables: &[Bloat]) -> impl Iterator<Item = Check> + '_ {
    tables.iter().map(|table| {
        let all = table.num_live + table.num_dead;
        // Counts of rows are far below 2^52.
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
        let share = if all == 0 { 0.0 } else { table.num_dead as f64 / all as f64 };
        let verdict = match table.num_dead {
            ..FEW_DEAD => Severity::Ok,
            MANY_DEAD.. if share >= 0.5 => Severity::Bad,
            _ if share >= 0.2 => Severity::Warning,
            _ => Severity::Ok,
        };
        let seen =
            format!("{} of its rows are dead ({})", format::share(share), format::count(table.num_dead));
        let check = Check::new("dead_rows", verdict, seen).about(&table.table);
        match verdict {
            Severity::Ok => check,
            _ => check.advice(format!(
                "vacuum forebay.\"{}\"; if that does not help, end what keeps them (oldest_transaction)",
                table.table
            )),
        }
    })
}

pub(super) fn holders(holders: &[Holder]) -> Vec<Check> {
    if holders.is_empty() {
        return vec![Check::ok("oldest_transaction", "nothing keeps dead rows from being removed")];
    }
    holders.iter().map(holder).collect()
}

fn holder(holder: &Holder) -> Check {
    let pid = holder.pid.unwrap_or_default();
    let state = holder.state.as_deref().unwrap_or("in an unknown state");
    let is_idle = state.starts_with("idle in transaction");
    let (subject, advice) = match holder.kind {
        HolderKind::Session => (
            format!("pid {pid} ({})", if holder.name.is_empty() { "without a name" } else { &holder.name }),
            is_idle
                .then(|| format!("it waits for its program; to end it: select pg_terminate_backend({pid})")),
        ),
        HolderKind::Prepared => (
            format!("prepared transaction {}", holder.name),
            Some(format!("to end it: rollback prepared '{}', or commit prepared", holder.name)),
        ),
        HolderKind::Slot => (
            format!("replication slot {}", holder.name),
            (state == "inactive").then(|| {
                format!("if nobody needs it any more: select pg_drop_replication_slot('{}')", holder.name)
            }),
        ),
    };
    let held = holder.held.unwrap_or_default();
    let verdict = match holder.kind {
        HolderKind::Slot if state == "inactive" => Severity::Warning,
        HolderKind::Slot => Severity::Ok,
        // An active session ends by itself.
        HolderKind::Session if !is_idle && held >= TOO_LONG_HELD => Severity::Warning,
        HolderKind::Session if !is_idle => Severity::Ok,
        _ if held >= TOO_LONG_HELD => Severity::Bad,
        _ if held >= LONG_HELD => Severity::Warning,
        _ => Severity::Ok,
    };
    let what = match holder.kind {
        HolderKind::Prepared => "prepared",
        _ => state,
    };
    let since = holder.held.map(|held| format!(" for {}", span(held))).unwrap_or_default();
    let seen = format!(
        "{what}{since}, keeps dead rows of the last {} transactions",
        format::count(u64::try_from(holder.num_transactions).unwrap_or(0))
    );
    Check { advice, ..Check::new("oldest_transaction", verdict, seen).about(subject) }
}

pub(super) fn queues(queues: &[Queue]) -> Vec<Check> {
    let mut checks = Vec::new();
    for queue in queues {
        let work = match queue.handler.as_str() {
            "external" => "start its workers".to_owned(),
            _ => format!("run `forebay work --pipeline {}`", queue.pipeline),
        };
        if queue.num_ended > 0 {
            let seen = format!(
                "{} jobs of workers whose lease ended {} ago were not freed",
                format::count(queue.num_ended),
                span(queue.ended_for.unwrap_or_default())
            );
            let advice = format!("the next worker frees them: {work}");
            checks.push(
                Check::new("leases_ended", Severity::Warning, seen).about(&queue.pipeline).advice(advice),
            );
        }
        let due = queue.oldest_due.unwrap_or_default();
        if !queue.enabled && queue.num_free > 0 {
            let seen = format!("it is disabled, and {} jobs rest", format::count(queue.num_free));
            let advice = "enable it, or cancel them with `forebay handoffs cancel`";
            checks.push(
                Check::new("resting_jobs", Severity::Warning, seen).about(&queue.pipeline).advice(advice),
            );
        } else if queue.enabled && queue.num_due > 0 && !queue.is_worked && due >= LONG_DUE {
            let seen = format!(
                "{} jobs are due, the oldest for {}, and no worker was seen in the last 10 minutes",
                format::count(queue.num_due),
                span(due)
            );
            let verdict = if due >= TOO_LONG_DUE { Severity::Bad } else { Severity::Warning };
            checks.push(Check::new("no_worker", verdict, seen).about(&queue.pipeline).advice(work));
        }
    }
    if checks.is_empty() {
        let due: u64 = queues.iter().map(|queue| queue.num_due).sum();
        checks.push(Check::ok("queues", format!("{} jobs are due, and none is stuck", format::count(due))));
    }
    checks
}

pub(super) fn failed(counts: &[HandoffCount]) -> Vec<Check> {
    let failed: Vec<_> = counts.iter().filter(|count| count.state == "failed").collect();
    if failed.is_empty() {
        return vec![Check::ok("failed_handoffs", "none")];
    }
    failed
        .into_iter()
        .map(|count| {
            let reason = count.failure_code.as_deref().unwrap_or("no word of the handler");
            let number = format::count(count.num_handoffs);
            let seen = format!("{number} given up: {} ({reason})", count.reason_code);
            let advice = format!(
                "see `forebay handoffs list --pipeline {} --state failed`, then `forebay handoffs retry`",
                count.pipeline
            );
            Check::new("failed_handoffs", Severity::Warning, seen).about(&count.pipeline).advice(advice)
        })
        .collect()
}

/// A length of time; short ones are not given in milliseconds.
fn span(time: Duration) -> String {
    if time < Duration::from_mins(1) { "less than a minute".to_owned() } else { format::duration(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(state: &str, minutes: u64) -> Severity {
        holder(&Holder {
            kind: HolderKind::Session,
            pid: Some(7),
            name: "report".to_owned(),
            state: Some(state.to_owned()),
            num_transactions: 3,
            held: Some(Duration::from_mins(minutes)),
        })
        .verdict
    }

    #[test]
    fn idle_transactions_are_judged_by_their_age_and_working_ones_mildly() {
        assert_eq!(session("idle in transaction", 4), Severity::Ok);
        assert_eq!(session("idle in transaction", 5), Severity::Warning);
        assert_eq!(session("idle in transaction (aborted)", 60), Severity::Bad);
        assert_eq!(session("active", 59), Severity::Ok);
        assert_eq!(session("active", 600), Severity::Warning);
    }

    #[test]
    fn dead_rows_are_judged_by_number_and_share() {
        let verdict = |num_live, num_dead| {
            let table = Bloat { table: "ingestion_jobs".to_owned(), num_live, num_dead };
            bloat(&[table]).next().unwrap().verdict
        };
        assert_eq!(verdict(0, 0), Severity::Ok);
        assert_eq!(verdict(0, 9_999), Severity::Ok);
        assert_eq!(verdict(40_000, 10_000), Severity::Warning);
        assert_eq!(verdict(41_000, 10_000), Severity::Ok);
        assert_eq!(verdict(1_000_000, 1_000_000), Severity::Bad);
        assert_eq!(verdict(9_000_000, 1_000_000), Severity::Ok);
    }

    #[test]
    fn other_versions_of_postgres_are_named() {
        let verdict = |major: i32| {
            let seen = Server {
                version: major.to_string(),
                major,
                role: "forebay".to_owned(),
                has_autovacuum: true,
                has_vector: false,
                has_worker_role: true,
            };
            server(&seen)[0].verdict
        };
        assert_eq!(
            [14, 15, 18, 19].map(verdict),
            [Severity::Bad, Severity::Ok, Severity::Ok, Severity::Warning]
        );
    }
}

//! Turns the store's facts into checks, with the thresholds of each.

use std::time::Duration;

use forebay_domain::handoff::State;
use forebay_store::{
    doctor::{Bloat, ExtensionState, FutureRun, Holder, HolderKind, Queue, Server},
    handoffs::HandoffCount,
    migrations::{MigrationState, MigrationStatus},
};
use jiff::Timestamp;

use super::check::{Check, CheckStatus};
use crate::{
    human as format,
    work::{Workers, skew},
};

/// Fewer dead rows than this are no problem, whatever their share.
const FEW_DEAD: u64 = 10_000;
const MANY_DEAD: u64 = 1_000_000;
/// Seconds by which clocks may differ.
pub(super) const SOME_SKEW: i64 = 5;
pub(super) const MUCH_SKEW: i64 = 30;
/// A transaction that is open this long is probably a mistake, or a long report.
const LONG_OPEN: Duration = Duration::from_mins(5);
const TOO_LONG_OPEN: Duration = Duration::from_hours(1);
/// If a job has been due this long and no worker was active, no worker is running.
const LONG_DUE: Duration = Duration::from_mins(5);

/// Without a usable configuration, its sources and limits are not checked either.
pub(super) fn configuration(broken: Option<&str>) -> Check {
    match broken {
        None => Check::ok("configuration", "it can be used"),
        Some(why) => Check::new("configuration", CheckStatus::Failed, why)
            .hint("correct it; until then, most commands refuse to work")
            .next("forebay config check"),
    }
}

pub(super) fn server(server: &Server) -> Vec<Check> {
    let version = Check::ok("postgres_version", format!("Postgres {}", server.version));
    let version = match server.major {
        15..=18 => version,
        ..15 => Check { status: CheckStatus::Failed, ..version }
            .hint("Forebay requires Postgres 15 or later; upgrade the server"),
        _ => Check { status: CheckStatus::Warning, ..version }
            .hint("Forebay is tested with Postgres 15 to 18 only"),
    };
    let autovacuum = if server.has_autovacuum {
        Check::ok("autovacuum", "on")
    } else {
        Check::new("autovacuum", CheckStatus::Failed, "off, so the queue's tables grow with every job")
            .hint("run: alter system set autovacuum = on; select pg_reload_conf()")
    };
    let worker_role = if server.has_worker_role {
        Check::ok("worker_role", "the role forebay_worker exists")
    } else {
        Check::new(
            "worker_role",
            CheckStatus::Warning,
            "the role forebay_worker doesn't exist; only external workers need it",
        )
        .hint("to create it, see docs/guides/external-workers.md")
    };
    vec![version, writable(server), autovacuum, worker_role]
}

/// The extension vector, which the pipelines `in_need` ask for.
pub(super) fn vector(server: &Server, in_need: &[String]) -> Check {
    if server.has_vector {
        return Check::ok("vector", "the extension vector is installed");
    }
    let Some(first) = in_need.first() else {
        return Check::ok("vector", "the extension vector is not installed; only embeddings need it");
    };
    let message = "the extension vector is not installed, so embeddings wait; search finds words only";
    Check::new("vector", CheckStatus::Failed, message)
        .about(in_need.join(", "))
        .hint(format!(
            "install pgvector on the server and run: create extension vector; or remove [pipelines.{first}.embeddings]"
        ))
}

/// The extension timescaledb, which Forebay never needs, where the server has it.
pub(super) fn timescaledb(found: Option<ExtensionState>) -> Option<Check> {
    let message = match found? {
        ExtensionState::Installed => "the extension timescaledb is installed",
        ExtensionState::Available => "the extension timescaledb can be created",
    };
    let message = format!("{message}: it can archive logs beyond their retention");
    Some(Check::ok("timescaledb", message).hint("see docs/guides/maintenance.md"))
}

fn writable(server: &Server) -> Check {
    if server.is_read_only {
        Check::new("read_only", CheckStatus::Failed, "the database refuses writes").hint(
            "connect to the primary server, or run: alter database … set default_transaction_read_only = off",
        )
    } else {
        Check::ok("read_only", "the database accepts writes")
    }
}

/// Compares the server's clock with this machine's. `before` and `after` are when the server was asked and answered.
pub(super) fn clocks(server: Timestamp, before: Timestamp, after: Timestamp) -> Check {
    let skew = skew::difference(server, before, after).abs();
    let status = match skew.as_secs() {
        ..SOME_SKEW => return Check::ok("clock_skew", "this machine and the database agree on the time"),
        SOME_SKEW..MUCH_SKEW => CheckStatus::Warning,
        _ => CheckStatus::Failed,
    };
    let message = format!(
        "this machine's clock is {} s off the database's",
        format::count(skew.as_secs().unsigned_abs())
    );
    let hint = "set the clock of both machines with NTP: ages, leases and observation times depend on it";
    let check = Check::new("clock_skew", status, message);
    if skew.as_secs() > MUCH_SKEW {
        return check.hint(format!("{hint}; until then, signatures of webhooks carry the database's time"));
    }
    check.hint(hint)
}

/// The schema, and whether the checks that need it can be made.
pub(super) fn schema(lines: &[MigrationStatus]) -> (Check, bool) {
    let number = |state| lines.iter().filter(|line| line.state == state).count();
    let newest = lines.iter().filter(|line| line.applied_at.is_some()).map(|line| line.version).max();
    let pending = number(MigrationState::Pending);
    let failed = |message: &str| Check::new("schema", CheckStatus::Failed, message);
    if number(MigrationState::Unknown) > 0 {
        return (failed("a newer Forebay migrated it").hint("upgrade this program"), false);
    }
    if number(MigrationState::Drifted) > 0 {
        return (failed("an applied migration differs from this program's").run("forebay db status"), false);
    }
    match newest {
        Some(version) if pending == 0 => {
            (Check::ok("schema", format!("version {version}, up to date")), true)
        }
        newest => {
            let pending = format::counted(pending as u64, "migration");
            let message = format!("version {}, {pending} pending", newest.unwrap_or(0));
            (failed(&message).run("forebay db up"), false)
        }
    }
}

pub(super) fn rights(role: &str, missing: &[String]) -> Check {
    match missing {
        [] => Check::ok("role_rights", format!("the role {role} has every right that Forebay needs")),
        [first, others @ ..] => {
            let others = match others.len() {
                0 => String::new(),
                number => format!(", and lacks {}", format::counted(number as u64, "more right")),
            };
            Check::new("role_rights", CheckStatus::Failed, format!("the role {role} may not {first}{others}"))
                .hint("connect as the role that ran `forebay db up`, which owns all tables, or as a member of it")
        }
    }
}

/// Sources that were observed far in the future: no later run is newer.
pub(super) fn future_runs(runs: &[FutureRun]) -> Vec<Check> {
    let check = |run: &FutureRun| {
        let FutureRun { source, run_id, observed_at, num_runs } = run;
        let others = match num_runs {
            1 => String::new(),
            number => format!(" ({number} such runs)"),
        };
        Check::new(
            "observed_in_future",
            CheckStatus::Failed,
            format!("run {run_id} of {source} claims to have observed it at {observed_at:.0}{others}"),
        )
        .about(source)
        .hint(format!(
            "until then, later runs of its scope are refused (observed_out_of_order) or their records rejected \
             (older_than_stored). Look at it with `forebay runs show {run_id}`; \
             `forebay runs revert {run_id}` undoes it, and later runs are accepted again"
        ))
        .next(format!("forebay runs revert {run_id} --dry-run"))
    };
    if runs.is_empty() {
        return vec![Check::ok(
            "observed_in_future",
            "no run claims to have observed a source in the future",
        )];
    }
    runs.iter().map(check).collect()
}

pub(super) fn bloat(tables: &[Bloat]) -> impl Iterator<Item = Check> + '_ {
    tables.iter().map(|table| {
        let all = table.num_live + table.num_dead;
        // Counts of rows are far below 2^52.
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
        let share = if all == 0 { 0.0 } else { table.num_dead as f64 / all as f64 };
        let status = match table.num_dead {
            ..FEW_DEAD => CheckStatus::Ok,
            MANY_DEAD.. if share >= 0.5 => CheckStatus::Failed,
            _ if share >= 0.2 => CheckStatus::Warning,
            _ => CheckStatus::Ok,
        };
        let message =
            format!("{} of its rows are dead ({})", format::share(share), format::count(table.num_dead));
        let check = Check::new("dead_rows", status, message).about(&table.table);
        match status {
            CheckStatus::Ok => check,
            _ => check.hint(format!(
                "run: vacuum forebay.\"{}\"; if the rows remain, end the transaction that keeps them \
                 (oldest_transaction)",
                table.table
            )),
        }
    })
}

pub(super) fn holders(holders: &[Holder]) -> Vec<Check> {
    if holders.is_empty() {
        return vec![Check::ok("oldest_transaction", "no transaction keeps dead rows")];
    }
    holders.iter().map(holder).collect()
}

fn holder(holder: &Holder) -> Check {
    let pid = holder.pid.unwrap_or_default();
    let state = holder.state.as_deref().unwrap_or("in an unknown state");
    let is_idle = state.starts_with("idle in transaction");
    let (subject, hint) = match holder.kind {
        HolderKind::Session => (
            format!("pid {pid} ({})", if holder.name.is_empty() { "unnamed" } else { &holder.name }),
            is_idle.then(|| format!("to end this session: select pg_terminate_backend({pid})")),
        ),
        HolderKind::Prepared => (
            format!("prepared transaction {}", holder.name),
            Some(format!("run: rollback prepared '{0}', or: commit prepared '{0}'", holder.name)),
        ),
        HolderKind::Slot => (
            format!("replication slot {}", holder.name),
            (state == "inactive").then(|| {
                format!("to drop an unused slot: select pg_drop_replication_slot('{}')", holder.name)
            }),
        ),
    };
    let open = holder.held.unwrap_or_default();
    let status = match holder.kind {
        HolderKind::Slot if state == "inactive" => CheckStatus::Warning,
        HolderKind::Slot => CheckStatus::Ok,
        // An active session ends by itself.
        HolderKind::Session if !is_idle && open >= TOO_LONG_OPEN => CheckStatus::Warning,
        HolderKind::Session if !is_idle => CheckStatus::Ok,
        _ if open >= TOO_LONG_OPEN => CheckStatus::Failed,
        _ if open >= LONG_OPEN => CheckStatus::Warning,
        _ => CheckStatus::Ok,
    };
    let state = match holder.kind {
        HolderKind::Prepared => "prepared",
        _ => state,
    };
    let duration = holder.held.map(|held| format!(" for {}", span(held))).unwrap_or_default();
    let message = format!(
        "{state}{duration}; keeps the dead rows of the last {} transactions",
        format::count(u64::try_from(holder.num_transactions).unwrap_or(0))
    );
    Check { hint, ..Check::new("oldest_transaction", status, message).about(subject) }
}

pub(super) fn queues(queues: &[Queue]) -> Vec<Check> {
    let mut checks: Vec<Check> = queues.iter().flat_map(queue).collect();
    if checks.is_empty() {
        let due: u64 = queues.iter().map(|queue| queue.num_due).sum();
        checks.push(Check::ok("queues", format!("{} jobs are due; no queue is stuck", format::count(due))));
    }
    checks
}

/// A number of jobs of a queue, of which not all may have been looked at.
fn counted(queue: &Queue, number: u64) -> String {
    format!("{}{}", format::count(number), if queue.has_more { "+" } else { "" })
}

/// The problems of one queue.
fn queue(queue: &Queue) -> Vec<Check> {
    let mut checks = Vec::new();
    // As if it were enabled: the hint must be right when it is enabled again.
    let command = match Workers::of_handler(&queue.handler, true) {
        Workers::External => None,
        Workers::Forebay | Workers::None => Some(format!("forebay work --pipeline {}", queue.pipeline)),
    };
    let work = match &command {
        Some(command) => format!("run `{command}`"),
        None => "start its workers".to_owned(),
    };
    if queue.num_ended > 0 {
        let message = format!(
            "the leases of {} jobs expired {} ago, and no worker has freed the jobs",
            format::count(queue.num_ended),
            span(queue.ended_for.unwrap_or_default())
        );
        let hint = format!("the next worker frees them: {work}");
        let check = Check::new("leases_expired", CheckStatus::Warning, message).about(&queue.pipeline);
        checks.push(Check { next: command.clone(), ..check.hint(hint) });
    }
    let due = queue.oldest_due.unwrap_or_default();
    if !queue.enabled && queue.num_free > 0 {
        let message =
            format!("the pipeline is disabled, and {} jobs are waiting", counted(queue, queue.num_free));
        let hint = "enable the pipeline, or run `forebay handoffs cancel`";
        checks.push(
            Check::new("pipeline_disabled", CheckStatus::Failed, message)
                .about(&queue.pipeline)
                .hint(hint)
                .next(format!("forebay handoffs cancel --pipeline {} --dry-run", queue.pipeline)),
        );
    } else if queue.enabled && queue.num_due > 0 && !queue.is_worked && due >= LONG_DUE {
        let message = format!(
            "{} jobs are due, the oldest for {}: no worker is active",
            counted(queue, queue.num_due),
            span(due)
        );
        let check = Check::new("no_worker", CheckStatus::Failed, message).about(&queue.pipeline).hint(work);
        checks.push(Check { next: command, ..check });
    }
    checks
}

pub(super) fn failed(counts: &[HandoffCount]) -> Vec<Check> {
    let failed: Vec<_> = counts.iter().filter(|count| count.state == State::Failed.as_str()).collect();
    if failed.is_empty() {
        return vec![Check::ok("failed_handoffs", "none")];
    }
    failed
        .into_iter()
        .map(|count| {
            // Workers in other languages report codes of their own.
            let failure_code = count.failure_code.as_deref().map(format::plain);
            let failure = failure_code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
            let message = format!(
                "{} failed: {}{failure}",
                format::counted(count.num_handoffs, "hand-off"),
                count.reason_code
            );
            let code = match &count.failure_code {
                Some(code) if failure_code.as_ref() == Some(code) => {
                    format!("--failure-code {}", format::shell_word(code))
                }
                _ => format!("--reason-code {}", count.reason_code),
            };
            let list = format!("forebay handoffs list --pipeline {} {code}", count.pipeline);
            let hint = format!("run `{list}`, then `forebay handoffs retry` with the same options");
            Check::new("failed_handoffs", CheckStatus::Failed, message)
                .about(&count.pipeline)
                .hint(hint)
                .next(list)
        })
        .collect()
}

/// A duration without milliseconds.
pub(super) fn span(time: Duration) -> String {
    if time < Duration::from_mins(1) { "less than a minute".to_owned() } else { format::duration(time) }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn session(state: &str, minutes: u64) -> CheckStatus {
        holder(&Holder {
            kind: HolderKind::Session,
            pid: Some(7),
            name: "report".to_owned(),
            state: Some(state.to_owned()),
            num_transactions: 3,
            held: Some(Duration::from_mins(minutes)),
        })
        .status
    }

    #[test]
    fn idle_transactions_fail_sooner_than_active_ones() {
        assert_eq!(session("idle in transaction", 4), CheckStatus::Ok);
        assert_eq!(session("idle in transaction", 5), CheckStatus::Warning);
        assert_eq!(session("idle in transaction (aborted)", 60), CheckStatus::Failed);
        assert_eq!(session("active", 59), CheckStatus::Ok);
        assert_eq!(session("active", 600), CheckStatus::Warning);
    }

    #[test]
    fn clocks_that_differ_are_reported() {
        let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let status = |server: i64| clocks(at(server), at(1_000), at(1_002)).status;
        assert_eq!([1_000, 1_002, 1_006, 996].map(status), [CheckStatus::Ok; 4]);
        assert_eq!([1_007, 995].map(status), [CheckStatus::Warning; 2]);
        assert_eq!([1_032, 970].map(status), [CheckStatus::Failed; 2]);
    }

    #[test]
    fn dead_rows_are_judged_by_number_and_share() {
        let status = |num_live, num_dead| {
            let table = Bloat { table: "ingestion_handoffs".to_owned(), num_live, num_dead };
            bloat(&[table]).next().unwrap().status
        };
        assert_eq!(status(0, 0), CheckStatus::Ok);
        assert_eq!(status(0, 9_999), CheckStatus::Ok);
        assert_eq!(status(40_000, 10_000), CheckStatus::Warning);
        assert_eq!(status(41_000, 10_000), CheckStatus::Ok);
        assert_eq!(status(1_000_000, 1_000_000), CheckStatus::Failed);
        assert_eq!(status(9_000_000, 1_000_000), CheckStatus::Ok);
    }

    #[test]
    fn untested_versions_of_postgres_are_reported() {
        let status = |major: i32| {
            let found = Server {
                version: major.to_string(),
                major,
                role: "forebay".to_owned(),
                is_read_only: false,
                now: Timestamp::UNIX_EPOCH,
                has_autovacuum: true,
                has_vector: false,
                has_worker_role: true,
            };
            server(&found)[0].status
        };
        assert_eq!(
            [14, 15, 18, 19].map(status),
            [CheckStatus::Failed, CheckStatus::Ok, CheckStatus::Ok, CheckStatus::Warning]
        );
    }
}

//! What waits for a person, as checks with the command to type next.

use std::time::Duration;

use forebay_domain::{freshness::AgeStatus, guards::HoldReason, scope::Scope};
use forebay_store::{
    doctor::{
        Attention, ClosedRole, ClosedTarget, Difference, Exposed, FrozenSource, GoneTarget, HeldRun,
        MissingEmbeddings, ObjectDifference, OpenBreaker,
    },
    pauses::Pause,
    pipelines::{DisabledReason, Pipeline},
    runs::DeadRun,
};
use jiff::{Timestamp, Unit};

use super::{
    check::{Check, CheckStatus},
    checks::span,
};
use crate::{
    freshness::ScopeFreshness,
    human as format,
    work::{Declarations, PipelineSpec, SettingError, Workers},
};

/// Characters of an embedding error that are shown.
const ERROR_SHOWN: usize = 30;

pub(super) fn attention(found: &Attention) -> Vec<Check> {
    let mut checks = or_ok("held_runs", "no run waits for a decision", found.held.iter().map(held));
    checks.extend(or_ok("breakers", "all are closed", found.breakers.iter().map(breaker)));
    checks.extend(or_ok("sources", "none stands still", found.frozen.iter().map(frozen)));
    checks.extend(or_ok("embeddings", "none is missing", found.embeddings.iter().map(embeddings)));
    checks.extend(or_ok("target_rights", "every target can be written", found.targets.iter().map(target)));
    checks.extend(or_ok("targets", "no table of a pipeline is gone", found.gone.iter().map(gone)));
    let fine = "no role of a web API can write the table of a pipeline";
    checks.extend(or_ok("exposed_targets", fine, found.exposed.iter().map(exposed)));
    checks
}

/// The problems, or that there are none.
fn or_ok(code: &'static str, fine: &str, problems: impl Iterator<Item = Check>) -> Vec<Check> {
    let problems: Vec<Check> = problems.collect();
    if problems.is_empty() { vec![Check::ok(code, fine)] } else { problems }
}

/// Objects of the schema that were changed, dropped or added.
pub(super) fn objects(differences: &[ObjectDifference]) -> Vec<Check> {
    let problems = differences.iter().map(|ObjectDifference { kind, name, difference }| {
        let name = format::plain(name);
        let (status, message) = match difference {
            Difference::Missing => (CheckStatus::Failed, "it is missing"),
            Difference::Changed => (CheckStatus::Failed, "it is not as the migrations make it"),
            Difference::Foreign => (CheckStatus::Failed, "another role than the schema's owner owns it"),
            // It acts on whatever is written.
            Difference::Extra if kind == "trigger" => (CheckStatus::Failed, "the migrations don't make it"),
            Difference::Extra => (CheckStatus::Warning, "the migrations don't make it"),
        };
        Check::new("schema_objects", status, message).about(format!("{kind} {name}")).hint(
            "find out who did that, and undo it; `forebay db export --sql` prints what the migrations make",
        )
    });
    or_ok("schema_objects", "all are as the migrations make them", problems)
}

/// Runs whose process died. A worker closes them, as does the next run of their scope.
pub(super) fn dead_runs(runs: &[DeadRun]) -> Vec<Check> {
    let problems = runs.iter().map(|run| {
        let subject = format::subject(&run.source, &run.scope.to_string());
        let message = format!("its process died, so `changes` doesn't have what it wrote to {subject}");
        Check::new("dead_runs", CheckStatus::Failed, message)
            .about(format!("run {}", run.run_id))
            .hint("a worker closes it, as does the next run of its scope")
            .next("forebay work --drain")
    });
    or_ok("dead_runs", "no run was left open by a process that died", problems)
}

/// Pipelines whose hand-offs wait, because the receiver asked for it or an operator.
pub(super) fn pauses(pauses: &[Pause]) -> Vec<Check> {
    let problems = pauses.iter().map(|pause| {
        let mut message = format!("paused {}", format::pause_end(pause.until));
        let mut resume = format!("forebay handoffs resume {}", format::shell_word(&pause.pipeline));
        if let Some(key) = &pause.key {
            message = format!("its key {} is {message}", format::plain(key));
            // Without the key, all pauses of the pipeline are lifted: a command must not contain what hides it.
            if format::plain(key) == *key {
                resume.extend([" --key ", &format::shell_word(key)]);
            }
        }
        Check::new("pauses", CheckStatus::Warning, message)
            .about(&pause.pipeline)
            .hint("its receiver asked for it, or an operator; its hand-offs wait")
            .next(resume)
    });
    or_ok("pauses", "no pipeline is paused", problems)
}

fn held(run: &HeldRun) -> Check {
    let reason = run.reason_code.as_deref().unwrap_or("unknown");
    let (subject, number) =
        (format::subject(&run.source, &run.scope), format::counted(run.num_withheld, "change"));
    let mut message = format!("{subject} withholds {number}: {reason}");
    if run.held >= Duration::from_mins(1) {
        message.extend([", for ", &format::duration(run.held)]);
    }
    let decide = if reason == HoldReason::RekeySuspected.as_str() { "rekey, release" } else { "release" };
    Check::new("held_runs", CheckStatus::Failed, message)
        .about(format!("run {}", run.run_id))
        .hint(format!("look at it, then decide with `forebay runs {decide}` or `reject`"))
        .next(format!("forebay runs diff {}", run.run_id))
}

fn breaker(breaker: &OpenBreaker) -> Check {
    let OpenBreaker { source, state, reason_code, open } = breaker;
    Check::new("breakers", CheckStatus::Failed, format!("{state} for {}: {reason_code}", span(*open)))
        .about(source)
        .hint(format!("test the source with `forebay sources test {source}`, then `forebay sources breaker close {source}`"))
        .next(format!("forebay sources breaker show {source}"))
}

fn frozen(source: &FrozenSource) -> Check {
    let (message, hint) = if source.enabled {
        ("all its schedules are off, so its data only ages", "set `schedule` in forebay.toml")
    } else {
        ("it is disabled, so its data only ages", "set `enabled = true` in forebay.toml")
    };
    Check::new("sources", CheckStatus::Warning, message)
        .about(&source.source)
        .hint(hint)
        .next(format!("forebay sources show {}", source.source))
}

fn embeddings(missing: &MissingEmbeddings) -> Check {
    let MissingEmbeddings { pipeline, num_missing, num_refused, error } = missing;
    let why = match error {
        Some(error) => {
            let error = format::shortened(&format::plain(error), ERROR_SHOWN);
            format!(", {} were refused: {error}", format::count(*num_refused))
        }
        None => String::new(),
    };
    Check::new(
        "embeddings",
        CheckStatus::Failed,
        format!("{} without one{why}", format::counted(*num_missing, "chunk")),
    )
    .about(pipeline)
    .hint("check the endpoint and its key in [pipelines.NAME.embeddings]")
    .next(format!("forebay work --drain --pipeline {pipeline}"))
}

fn target(target: &ClosedTarget) -> Check {
    let ClosedTarget { pipeline, table, missing } = target;
    let missing = if missing.is_empty() { "usage of its schema" } else { missing };
    Check::new("target_rights", CheckStatus::Failed, format!("may not write {table}: lacks {missing}"))
        .about(pipeline)
        .hint(format!("as its owner, run: grant select, insert, update, delete on {table} to the role of this connection"))
}

fn gone(target: &GoneTarget) -> Check {
    let GoneTarget { pipeline, table, is_replaced } = target;
    let (lost, create) = if *is_replaced {
        ("was replaced by another one, which has none of its rows", "fill the new one")
    } else {
        ("is gone, with all its rows", "create it again and fill it")
    };
    Check::new("targets", CheckStatus::Failed, format!("its table {table} {lost}"))
        .about(pipeline)
        .hint(format!("restore the table, or {create}; its hand-offs wait until then"))
        .next(format!("forebay work --create --pipeline {}", format::shell_word(pipeline)))
}

/// Pipelines whose settings name something that the database lacks.
pub(super) fn unready(pipelines: &[SettingError]) -> Vec<Check> {
    let problems = pipelines.iter().map(|error| {
        Check::new("pipeline_settings", CheckStatus::Failed, &error.problem)
            .about(&error.pipeline)
            .hint(format!(
                "correct [pipelines.{}] in forebay.toml; its hand-offs wait until then",
                error.pipeline
            ))
            .next("forebay config apply")
    });
    or_ok("pipeline_settings", "the database has what the pipelines name", problems)
}

/// Pipelines that no worker with this configuration runs. Those of other projects are run by the workers there.
pub(super) fn undeclared(
    specs: &[PipelineSpec],
    declarations: &Declarations,
    project: Option<&str>,
) -> Vec<Check> {
    let is_ours = |spec: &&PipelineSpec| spec.project.is_none() || spec.project.as_deref() == project;
    let problems = specs.iter().filter(is_ours).filter(|spec| Workers::of(spec) == Workers::Forebay);
    let problems = problems.filter_map(|spec| {
        let error = declarations.check(spec).err()?;
        let check = Check::new("pipeline_declarations", CheckStatus::Warning, error.to_string());
        Some(check.about(&spec.name).hint(error.hint().unwrap_or_default()))
    });
    or_ok(
        "pipeline_declarations",
        "workers with this configuration run every pipeline of the project",
        problems,
    )
}

/// Pipelines that are disabled although they are declared, and endpoints that may be disabled next.
pub(super) fn disabled(pipelines: &[Pipeline]) -> Vec<Check> {
    let problems = pipelines.iter().filter(|pipeline| pipeline.spec.enabled).filter_map(|pipeline| {
        let Pipeline { spec, health, .. } = pipeline;
        let second = |at: Timestamp| at.round(Unit::Second).unwrap_or(at);
        let command = |verb: &str| format!("forebay pipelines {verb} {}", format::shell_word(&spec.name));
        let failures = format!("{} deliveries", format::count(health.num_failures));
        let check = match (health.disabled, health.failing_since) {
            (Some((at, DisabledReason::EndpointFailing)), since) => {
                let since = second(since.unwrap_or(at));
                let message = format!("disabled at {}: all {failures} since {since} failed", second(at));
                Check::new("disabled_pipelines", CheckStatus::Failed, message)
                    .hint("repair the endpoint, then enable it; its hand-offs wait until then")
                    .next(command("enable"))
            }
            (Some((at, DisabledReason::Operator)), _) => {
                let message = format!("disabled at {} by an operator", second(at));
                Check::new("disabled_pipelines", CheckStatus::Warning, message)
                    .hint("its hand-offs wait until it is enabled")
                    .next(command("enable"))
            }
            (None, Some(since)) => {
                let message = format!("all {failures} since {} failed", second(since));
                Check::new("disabled_pipelines", CheckStatus::Warning, message)
                    .hint("it is disabled if this goes on; see `disable` in [pipelines.NAME]")
                    .next(format!("forebay handoffs list --pipeline {}", format::shell_word(&spec.name)))
            }
            (None, None) => return None,
        };
        Some(check.about(&spec.name))
    });
    or_ok("disabled_pipelines", "no declared pipeline is disabled, and no endpoint fails", problems)
}

/// Roles of external workers that can't work yet.
pub(super) fn worker_roles(roles: &[ClosedRole]) -> Vec<Check> {
    let problems = roles.iter().map(|ClosedRole { role, pipeline, is_there }| {
        let (problem, create) = if *is_there {
            ("may not call the functions of workers", String::new())
        } else {
            ("doesn't exist", format!("create role {role} nologin; "))
        };
        Check::new("worker_roles", CheckStatus::Warning, format!("the role {role} of its workers {problem}"))
            .about(pipeline)
            .hint(format!(
                "as the owner of Forebay's schema, run: {create}grant usage on schema forebay to {role}; grant execute on \
                 function forebay.claim_jobs, forebay.heartbeat_jobs, forebay.complete_jobs, forebay.fail_jobs, \
                 forebay.release_jobs to {role}; then grant {role} to the login role of each worker"
            ))
    });
    or_ok("worker_roles", "the roles of external workers may work", problems)
}

fn exposed(target: &Exposed) -> Check {
    let Exposed { role, table } = target;
    Check::new("exposed_targets", CheckStatus::Warning, format!("{role} can write it through a web API"))
        .about(table)
        .hint(format!("as its owner, run: revoke insert, update, delete, truncate on {table} from {role}"))
}

/// Scopes that are older than `error_after`.
pub(super) fn syncs(scopes: &[ScopeFreshness]) -> Vec<Check> {
    let late = scopes.iter().filter(|scope| scope.judgement.status == Some(AgeStatus::Error)).map(|scope| {
        let age = scope.judgement.age.map(|age| span(age.unsigned_abs()));
        let message = match age {
            Some(age) => format!("its last sync was {age} ago, past error_after"),
            None => "it was never synced, past error_after".to_owned(),
        };
        let mut command = format!("forebay ensure {}", scope.entity_type);
        // Only an entry written by another program can be unreadable.
        for (name, value) in scope.scope.parse::<Scope>().unwrap_or_default().pairs() {
            command.extend([" --scope ", &format::quoted(&format!("{name}={value}"))]);
        }
        Check::new("syncs", CheckStatus::Failed, message)
            .about(format::subject(&scope.entity_type, &scope.scope))
            .hint("find out why with `forebay freshness --stale`")
            .next(command)
    });
    or_ok("syncs", "none is older than its error_after", late)
}

#[cfg(test)]
mod tests {
    use forebay_domain::freshness::{Freshness, Judgement};

    use super::*;

    #[test]
    fn the_command_names_the_late_scope() {
        let scope = Scope::parse(["semester=Spring, 2026", "room=O'Hara 100 %"]).unwrap();
        let late = ScopeFreshness {
            entity_type: "course".to_owned(),
            scope: scope.to_string(),
            judgement: Judgement {
                freshness: Freshness::Never,
                status: Some(AgeStatus::Error),
                age: None,
                fresh_until: None,
            },
            entry: None,
            sources: Vec::new(),
            fallbacks: Vec::new(),
        };
        assert_eq!(
            syncs(&[late])[0].next.as_deref(),
            Some(r"forebay ensure course --scope 'room=O'\''Hara 100 %' --scope 'semester=Spring, 2026'")
        );
    }
}

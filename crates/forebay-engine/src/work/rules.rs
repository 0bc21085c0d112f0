//! The rules for the settings that every pipeline has: its limits, its retries by failure class, and the role of its
//! workers.

use forebay_domain::handoff::{FailureClass, HandlerKind, POLICIES};
use forebay_store::pipelines::{Limits, PipelineSpec};
use serde_json::{Map, Value};

use super::setting_error::SettingError;

/// The maximum of `max_failures`.
const MOST_FAILURES: u64 = 1_000_000;

/// Postgres truncates longer names.
const MOST_ROLE_BYTES: usize = 63;

/// Receivers can't ask for a longer pause.
const LONGEST_PAUSE_SECONDS: f64 = 86_400.0;

/// A broken rule: the setting, as the configuration spells it, and the problem.
struct BrokenRule {
    setting: String,
    problem: String,
}

/// Checks the limits, the retries and the role of a pipeline.
pub(super) fn check(spec: &PipelineSpec) -> Result<(), SettingError> {
    let wrong = |path: &[&str], problem: String| Err(SettingError::new(&spec.name, path, problem));
    if let Some(role) = &spec.worker_role {
        if HandlerKind::parse(&spec.handler) != Some(HandlerKind::External) {
            let problem =
                format!("the handler `{}` has no `role`: the workers of Forebay work for it", spec.handler);
            return wrong(&["role"], problem);
        }
        if role.is_empty() || role.len() > MOST_ROLE_BYTES || role.contains('\0') {
            return wrong(
                &["role"],
                format!("role must be the name of a role, of 1 to {MOST_ROLE_BYTES} bytes"),
            );
        }
    }
    if let Err(BrokenRule { setting, problem }) = check_limits(&spec.limits) {
        return wrong(&["limits", &setting], problem);
    }
    let Value::Object(classes) = &spec.retry else {
        return wrong(&["retry"], "retry must be a table of failure classes".to_owned());
    };
    for (class, retry) in classes {
        if let Err(problem) = check_class(class) {
            return wrong(&["retry", class], problem);
        }
        let Value::Object(retry) = retry else {
            return wrong(&["retry", class], "the retries of a failure class must be a table".to_owned());
        };
        if let Err(BrokenRule { setting, problem }) = check_retry(retry) {
            return wrong(&["retry", class, &setting], problem);
        }
    }
    Ok(())
}

fn check_limits(limits: &Limits) -> Result<(), BrokenRule> {
    let is_limited = limits.key_max_active.is_some() || limits.key_rate.is_some();
    match &limits.key {
        Some(_) if !is_limited => {
            return broken("key", "key has no effect without key_max_active or key_rate");
        }
        None if is_limited => return broken("key", "limits by key need the field in key"),
        _ => {}
    }
    for (name, number) in [("max_active", limits.max_active), ("key_max_active", limits.key_max_active)] {
        if number.is_some_and(|number| number < 1) {
            return broken(name, format!("{name} must be a whole number of at least 1"));
        }
    }
    if limits.max_pause_seconds.is_some_and(|seconds| !(0.0..=LONGEST_PAUSE_SECONDS).contains(&seconds)) {
        return broken("max_pause", "max_pause must be at most a day");
    }
    Ok(())
}

/// Only a class that is retried has settings for it.
fn check_class(word: &str) -> Result<(), String> {
    match FailureClass::parse(word) {
        Some(class) if class.policy().retries() => Ok(()),
        Some(_) => {
            Err(format!("{word} failures are never retried automatically, so they have no retry settings"))
        }
        None => Err(format!("unknown failure class `{word}`; expected {}", retried_classes())),
    }
}

fn retried_classes() -> String {
    let retried = POLICIES.iter().filter(|policy| policy.retries());
    let words: Vec<&str> = retried.map(|policy| policy.class.as_str()).collect();
    let (last, others) = words.split_last().unwrap_or((&"", &[]));
    format!("{} or {last}", others.join(", "))
}

/// Checks the retries of one failure class, in the form of [`PipelineSpec::retry`].
fn check_retry(retry: &Map<String, Value>) -> Result<(), BrokenRule> {
    let known = ["max_failures", "base_delay_seconds", "max_delay_seconds"];
    if let Some(name) = retry.keys().find(|name| !known.contains(&name.as_str())) {
        return broken(
            name,
            format!("retries have no setting `{name}`; their settings are {}", known.join(", ")),
        );
    }
    let given = |name: &str| retry.get(name).filter(|value| !value.is_null());
    let in_range =
        |number: &Value| number.as_u64().is_some_and(|number| (1..=MOST_FAILURES).contains(&number));
    if given("max_failures").is_some_and(|number| !in_range(number)) {
        return broken(
            "max_failures",
            format!("max_failures must be a whole number from 1 to {MOST_FAILURES}"),
        );
    }
    let delay = |name: &str| match given(&format!("{name}_seconds")) {
        None => Ok(None),
        Some(seconds) => match seconds.as_f64().filter(|seconds| *seconds >= 0.0) {
            Some(seconds) => Ok(Some(seconds)),
            None => broken(name, format!("{name} must be a number of seconds")),
        },
    };
    let (base, most) = (delay("base_delay")?, delay("max_delay")?);
    if base.zip(most).is_some_and(|(base, most)| base > most) {
        return broken("base_delay", "base_delay must not be longer than max_delay");
    }
    Ok(())
}

fn broken<T>(setting: &str, problem: impl Into<String>) -> Result<T, BrokenRule> {
    Err(BrokenRule { setting: setting.to_owned(), problem: problem.into() })
}

#[cfg(test)]
mod tests {
    use forebay_store::pipelines::LimitKey;
    use serde_json::json;

    use super::*;
    use crate::work::check_settings;

    /// The place and the problem of an external pipeline with these settings.
    fn mistake(limits: Limits, retry: Value) -> Option<(String, String)> {
        let spec = PipelineSpec { limits, retry, ..PipelineSpec::new("p", "external", json!({})) };
        check_settings(&spec).err().map(|error| (error.setting.join("."), error.problem))
    }

    #[test]
    fn the_limits_of_a_program_are_checked_too() {
        let key = Some(LimitKey { path: vec!["host".to_owned()], is_url: false });
        let good = Limits { max_active: Some(1), key: key.clone(), key_rate: Some(0.5), ..Limits::default() };
        assert_eq!(mistake(good, json!({})), None);
        for (limits, place, problem) in [
            (Limits { max_active: Some(0), ..Limits::default() }, "limits.max_active", "at least 1"),
            (
                Limits { key: key.clone(), key_max_active: Some(-1), ..Limits::default() },
                "limits.key_max_active",
                "at least 1",
            ),
            (Limits { key, ..Limits::default() }, "limits.key", "no effect"),
            (Limits { key_rate: Some(1.0), ..Limits::default() }, "limits.key", "need the field"),
        ] {
            let (found, text) = mistake(limits, json!({})).unwrap();
            assert!(found == place && text.contains(problem), "{found}: {text}");
        }
    }

    #[test]
    fn the_retries_of_a_program_are_checked_too() {
        let good = json!({
            "transient": { "max_failures": 1_000_000, "base_delay_seconds": 2, "max_delay_seconds": 2.0 },
            "throttled": { "max_failures": null },
            "lost": {},
        });
        assert_eq!(mistake(Limits::default(), good), None);
        for (retry, place, problem) in [
            (json!([]), "retry", "table"),
            (json!({ "lost": 3 }), "retry.lost", "table"),
            (json!({ "poison": {} }), "retry.poison", "never retried"),
            (json!({ "Lost": {} }), "retry.Lost", "unknown failure class"),
            (json!({ "lost": { "max_failures": 0 } }), "retry.lost.max_failures", "1 to 1000000"),
            (json!({ "lost": { "max_failures": 1_000_001 } }), "retry.lost.max_failures", "1 to 1000000"),
            (json!({ "lost": { "max_failures": 1.5 } }), "retry.lost.max_failures", "whole number"),
            (json!({ "lost": { "base_delay": "5s" } }), "retry.lost.base_delay", "no setting"),
            (json!({ "lost": { "max_delay_seconds": -1 } }), "retry.lost.max_delay", "number of seconds"),
            (
                json!({ "lost": { "base_delay_seconds": 3, "max_delay_seconds": 2 } }),
                "retry.lost.base_delay",
                "not be longer",
            ),
        ] {
            let (found, text) = mistake(Limits::default(), retry).unwrap();
            assert!(found == place && text.contains(problem), "{found}: {text}");
        }
    }
}

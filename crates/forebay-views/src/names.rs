//! Looks up names that users type, with a suggestion for a misspelt one.

use std::{collections::BTreeMap, str::FromStr};

use forebay_domain::{
    field_filter::FieldFilter, handoff::ReasonCode, identity::ReferenceId, scope::Scope, words::Word,
};
use forebay_engine::{human, scrape::Sources, work::FAILURE_CODES};
use forebay_store::{
    connect::Client,
    handoffs,
    history::{self, ReferenceName, ReferenceRow},
    pipelines::{self, Pipeline},
    runs,
    sources::{self, Source},
    stats, timeline,
    workers::{self, Worker},
};
use serde::Deserialize;

use crate::failure::Failure;

/// The source of this name. Errors: `no_such_source`.
pub async fn source(client: &Client, name: &str) -> Result<Source, Failure> {
    if let Some(source) = sources::find(&***client, name).await? {
        return Ok(source);
    }
    let mut known = sources::names(&***client).await?;
    known.sort_unstable();
    let message = format!("there is no source {name:?}");
    Err(if known.is_empty() {
        Failure::usage("no_such_source", message)
            .hint("no records are stored yet; add some with `forebay persist`")
    } else {
        unknown("no_such_source", &message, name, "sources", &known)
    })
}

/// The reference of this name: a uuid or `NAME/RECORD_KEY`. Errors: `reference_name`, `no_such_source`,
/// `no_such_reference`.
pub async fn reference(client: &Client, name: &str) -> Result<ReferenceRow, Failure> {
    let Some(parsed) = ReferenceName::parse(name) else {
        let message = format!("{name:?} is not a reference");
        return Err(Failure::usage("reference_name", message)
            .hint("name a reference as NAME/RECORD_KEY, such as courses/CSC-126, or by its UUID"));
    };
    if let Some(found) = history::find(&***client, &parsed).await? {
        return Ok(found);
    }
    let failure = |message: String| Failure::usage("no_such_reference", message);
    let ReferenceName::Key { source: source_name, record_key } = parsed else {
        return Err(
            failure(format!("there is no reference {name}")).hint("try NAME/RECORD_KEY instead of the id")
        );
    };
    let source = source(client, &source_name).await?;
    let key = source.key_fields.join(", ");
    Err(failure(format!("the source {source_name} has no reference with the key {record_key:?}")).hint(
        format!("its keys consist of {key}; list its records with `forebay export --source {source_name}`"),
    ))
}

/// The ids of references, in one statement but for those that were re-keyed. Errors: those of
/// [`reference()`].
pub async fn references(client: &Client, names: &[String]) -> Result<Vec<ReferenceId>, Failure> {
    let parsed: Vec<Option<ReferenceName>> = names.iter().map(|name| ReferenceName::parse(name)).collect();
    let ids: Vec<ReferenceId> = parsed.iter().flatten().map(ReferenceName::id).collect();
    let plain: BTreeMap<ReferenceId, (String, String)> = history::find_plain(&***client, &ids)
        .await?
        .into_iter()
        .map(|(id, source, record_key)| (id, (source, record_key)))
        .collect();
    let is_plain = |parsed: &ReferenceName| match (parsed, plain.get(&parsed.id())) {
        (_, None) => false,
        (ReferenceName::Id(_), Some(_)) => true,
        (ReferenceName::Key { source, record_key }, Some(known)) => {
            (source, record_key) == (&known.0, &known.1)
        }
    };
    let mut found = Vec::with_capacity(names.len());
    for (name, parsed) in names.iter().zip(&parsed) {
        found.push(match parsed.as_ref().filter(|parsed| is_plain(parsed)) {
            Some(parsed) => parsed.id(),
            None => reference(client, name).await?.reference_id,
        });
    }
    Ok(found)
}

/// A run as people name it: its id, or `latest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum RunName {
    /// The run that started last.
    Latest,
    /// By its id.
    Id(i64),
}

impl FromStr for RunName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(run_id) if run_id > 0 => Ok(Self::Id(run_id)),
            _ if text == "latest" => Ok(Self::Latest),
            _ => Err("expected the id of a run, such as 42, or latest".to_owned()),
        }
    }
}

impl TryFrom<String> for RunName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// The id of the run of this name. Error: `no_such_run`, for the latest one if there are no runs.
pub async fn run(client: &Client, name: RunName) -> Result<i64, Failure> {
    match name {
        RunName::Id(run_id) => Ok(run_id),
        RunName::Latest => runs::latest(&***client).await?.ok_or_else(|| {
            Failure::usage("no_such_run", "there are no runs")
                .hint("`forebay persist` and `forebay scrape` make runs")
        }),
    }
}

/// Checks that a source has references in this scope. Error: `no_such_scope`, which lists the existing ones.
pub async fn scope(client: &Client, source: &Source, scope: &Scope) -> Result<(), Failure> {
    let message = format!("the source {} has no references in the scope {scope}", source.name);
    scope_of_any(client, Some(&[source.source_id]), scope, &message).await
}

/// Checks that a source, those of an entity type, or any source has references in this scope. Error: `no_such_scope`,
/// which lists the existing ones.
pub async fn scope_anywhere(
    client: &Client,
    source: Option<&Source>,
    entity_type: Option<&str>,
    scope: &Scope,
) -> Result<(), Failure> {
    if let Some(source) = source {
        return self::scope(client, source, scope).await;
    }
    let source_ids = match entity_type {
        Some(entity_type) => Some(sources::of_type(&***client, entity_type).await?),
        None => None,
    };
    let message = format!("no source has references in the scope {scope}");
    scope_of_any(client, source_ids.as_deref(), scope, &message).await
}

async fn scope_of_any(
    client: &Client,
    source_ids: Option<&[i32]>,
    scope: &Scope,
    message: &str,
) -> Result<(), Failure> {
    let scope = scope.to_string();
    if stats::has_scope(&***client, source_ids, &scope).await? {
        return Ok(());
    }
    let known = stats::scope_names(&***client, source_ids).await?;
    Err(unknown("no_such_scope", message, &scope, "scopes", &known))
}

/// Says what is stored of an entity type when a scope of it has no records.
pub async fn empty_scope(client: &Client, entity_type: &str, scope: &Scope) -> Result<String, Failure> {
    let source_ids = sources::of_type(&***client, entity_type).await?;
    if stats::has_scope(&***client, Some(&source_ids), &scope.to_string()).await? {
        return Ok(format!("all records of {entity_type} in this scope are removed"));
    }
    let known = stats::scope_names(&***client, Some(&source_ids)).await?;
    let whole =
        |scope: &String| if scope.is_empty() { "the whole source".to_owned() } else { format!("`{scope}`") };
    let shown: Vec<String> = known.iter().take(NAMED).map(whole).collect();
    Ok(match known.len() {
        0 => format!("no records of {entity_type} are stored in any scope"),
        1..=NAMED => format!("records of {entity_type} are stored in other scopes: {}", shown.join(", ")),
        number => format!(
            "records of {entity_type} are stored in {number} other scopes, such as {}",
            shown.join(", ")
        ),
    })
}

/// Checks that an entity type is stored, or is that of a configured source. Error: `no_such_entity`.
pub async fn entity(client: &Client, name: &str, configured: &Sources) -> Result<(), Failure> {
    let mut known = sources::entity_types(&***client).await?;
    known.extend(configured.values().map(|source| source.entity_type.clone()));
    if known.iter().any(|known| known == name) {
        return Ok(());
    }
    known.sort();
    known.dedup();
    Err(unknown("no_such_entity", &format!("there is no entity type {name:?}"), name, "entity types", &known))
}

/// Checks that a record of the source has each of these fields. Error: `no_such_field`, which lists those that exist.
pub async fn fields(client: &Client, source: &Source, fields: &[FieldFilter]) -> Result<(), Failure> {
    for field in fields {
        if timeline::has_field(&***client, source.source_id, field).await? {
            continue;
        }
        let known = timeline::some_fields(&***client, source.source_id).await?;
        if known.is_empty() {
            return Ok(());
        }
        let name = field.field();
        let message = format!("no record of {} has the field {name:?}", source.name);
        return Err(unknown("no_such_field", &message, name, "fields", &known));
    }
    Ok(())
}

/// Checks that a reason code is one of Forebay's or a failure code, and that a failure code is one of Forebay's or of
/// an attempt that failed. Error: `no_such_code`.
pub async fn codes(
    client: &Client,
    reason_code: Option<&str>,
    failure_code: Option<&str>,
) -> Result<(), Failure> {
    let is_handlers = |code: &str| FAILURE_CODES.contains(&code);
    let reason_code = reason_code.filter(|code| !is_handlers(code) && !ReasonCode::WORDS.contains(code));
    let failure_code = failure_code.filter(|code| !is_handlers(code));
    if reason_code.is_none() && failure_code.is_none() {
        return Ok(());
    }
    let met = handoffs::failure_codes(&***client).await?;
    let is_met = |code: &str| met.iter().any(|met| met == code);
    let failure_codes = || met.iter().map(String::as_str).chain(FAILURE_CODES.iter().copied());
    if let Some(code) = failure_code.filter(|code| !is_met(code)) {
        let message = format!("no hand-off has ever failed with the code {code:?}");
        return Err(match nearest(code, failure_codes()) {
            Some(meant) => Failure::usage("no_such_code", message).hint(format!("did you mean `{meant}`?")),
            None => unknown("no_such_code", &message, code, "failure codes", &met),
        });
    }
    if let Some(code) = reason_code.filter(|code| !is_met(code)) {
        let message = format!("there is no reason code {code:?}");
        let reasons: Vec<String> = ReasonCode::WORDS.iter().map(|&word| word.to_owned()).collect();
        let all = reasons.iter().map(String::as_str).chain(failure_codes());
        return Err(match nearest(code, all) {
            Some(meant) => Failure::usage("no_such_code", message).hint(format!("did you mean `{meant}`?")),
            None => unknown("no_such_code", &message, code, "reason codes", &reasons),
        });
    }
    Ok(())
}

/// Maximum number of known names in a hint.
const NAMED: usize = 10;

/// The error for an unknown name: the one that was probably meant, and otherwise the known ones.
fn unknown(code: &'static str, message: &str, name: &str, what: &str, known: &[String]) -> Failure {
    let failure = Failure::usage(code, message);
    if let Some(meant) = nearest(name, known.iter().map(String::as_str)) {
        return failure.hint(format!("did you mean `{meant}`?"));
    }
    if known.is_empty() {
        return failure.hint(format!("there are no {what} yet"));
    }
    let shown: Vec<String> = known.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let more = known.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    if let ([only], Some(one)) = (&*shown, what.strip_suffix('s')) {
        return failure.hint(format!("the only {one} is {only}"));
    }
    failure.hint(format!("the {what} are {}{more}", shown.join(", ")))
}

/// Checks that these pipelines exist. Error: `no_such_pipeline`, which lists the existing ones.
pub async fn pipelines<'a>(
    client: &Client,
    names: impl IntoIterator<Item = &'a String>,
) -> Result<(), Failure> {
    let known: Vec<String> =
        pipelines::list(&***client).await?.into_iter().map(|pipeline| pipeline.spec.name).collect();
    match names.into_iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!("there is no pipeline {name:?}");
            Err(if known.is_empty() {
                Failure::usage("no_such_pipeline", message)
                    .hint("there are none yet; declare it as [pipelines.NAME] in forebay.toml")
            } else {
                unknown("no_such_pipeline", &message, name, "pipelines", &known)
            })
        }
    }
}

/// The pipeline of this name. Error: `no_such_pipeline`, which lists the existing ones.
pub async fn pipeline(client: &Client, name: &String) -> Result<Pipeline, Failure> {
    pipelines(client, [name]).await?;
    let found = pipelines::find(&***client, name).await?;
    // It was deleted between the two statements.
    found.ok_or_else(|| Failure::usage("no_such_pipeline", format!("there is no pipeline {name:?}")))
}

/// The worker of this name. Error: `no_such_worker`, which lists the known ones.
pub async fn worker(client: &Client, name: &str) -> Result<Worker, Failure> {
    if let Some(found) = workers::list(&***client, Some(name)).await?.pop() {
        return Ok(found);
    }
    let known = workers::list(&***client, None).await?.into_iter().filter_map(|worker| worker.name);
    // Workers outside Forebay choose their names.
    let known: Vec<String> = known.map(|name| human::plain(&name)).collect();
    Err(unknown("no_such_worker", &format!("there is no worker {name:?}"), name, "workers", &known))
}

/// The known name closest to an unknown one, if any is close enough.
pub fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, name) = known.map(|name| (distance(unknown, name), name)).min()?;
    // At most a third of the letters may differ; beyond that a suggestion is a guess.
    (distance * 3 <= unknown.chars().count().max(3)).then_some(name)
}

/// The known name that differs from an unknown one by a slip of the hand: one letter, or two that changed places. For
/// names that may well be right, such as a source that only the database knows.
pub fn slip<'a>(unknown: &str, mut known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known.find(|name| distance(unknown, name) == 1)
}

/// Edit distance with transposition of neighbours (optimal string alignment), ignoring case.
fn distance(left: &str, right: &str) -> usize {
    strsim::osa_distance(&left.to_lowercase(), &right.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (left, right, expected) in
            [("", "", 0), ("abc", "", 3), ("ab", "ba", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(left, right), expected);
        }
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let names = ["courses", "events"];
        assert_eq!(nearest("coruses", names.into_iter()), Some("courses"));
        assert_eq!(nearest("Event", names.into_iter()), Some("events"));
        assert_eq!(nearest("people", names.into_iter()), None);
        assert_eq!(nearest("courses", [].into_iter()), None);
        // Near enough for a name that is certainly wrong, but it may be a source of its own.
        assert_eq!(nearest("houses", names.into_iter()), Some("courses"));
        assert_eq!(slip("houses", names.into_iter()), None);
        assert_eq!(slip("coruses", names.into_iter()), Some("courses"));
    }
}

//! Looks up names that users type, with a suggestion for a misspelt one.

use forebay_store::{
    connect::Client,
    history::{self, ReferenceName, ReferenceRow},
    pipelines,
    sources::{self, Source},
};

use crate::failure::Failure;

/// The source of this name. Errors: `no_such_source`.
pub(crate) async fn source(client: &Client, name: &str) -> Result<Source, Failure> {
    if let Some(source) = sources::find(&***client, name).await? {
        return Ok(source);
    }
    let known = sources::names(&***client).await?;
    let failure = Failure::usage("no_such_source", format!("there is no source {name:?}"));
    Err(match nearest(name, known.iter().map(String::as_str)) {
        Some(meant) => failure.hint(format!("did you mean `{meant}`?")),
        None if known.is_empty() => {
            failure.hint("no records are stored yet; add some with `forebay persist`")
        }
        None => failure.hint("list the sources with `forebay sources list`"),
    })
}

/// The reference of this name: a uuid or `NAME/RECORD_KEY`. Errors: `reference_name`, `no_such_source`,
/// `no_such_reference`.
pub(crate) async fn reference(client: &Client, name: &str) -> Result<ReferenceRow, Failure> {
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

/// Checks that these pipelines exist. Error: `no_such_pipeline`, which lists the existing ones.
pub(crate) async fn pipelines<'a>(
    client: &Client,
    names: impl IntoIterator<Item = &'a String>,
) -> Result<(), Failure> {
    let known: Vec<String> =
        pipelines::list(&***client).await?.into_iter().map(|pipeline| pipeline.spec.name).collect();
    match names.into_iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(unknown) => {
            let message = format!("there is no pipeline {unknown:?}");
            Err(Failure::usage("no_such_pipeline", message)
                .hint(format!("the pipelines are {}", known.join(", "))))
        }
    }
}

/// The known name closest to an unknown one, if any is close enough.
pub(crate) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, name) = known.map(|name| (distance(unknown, name), name)).min()?;
    // At most a third of the letters may differ; beyond that a suggestion is a guess.
    (distance * 3 <= unknown.chars().count().max(3)).then_some(name)
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
    }
}

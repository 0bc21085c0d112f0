//! A run event: OpenLineage 2-0-2, <https://openlineage.io/spec/2-0-2/OpenLineage.json>.
//!
//! What OpenLineage has no facet for is in the facet `forebay_run`, which
//! `docs/reference/openlineage-run-facet.json` describes.

use forebay_domain::{identity::uuid_of, redact::redact, run::RunStatus};
use forebay_store::connect::Place;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

use crate::{error::Error, persist::report::RunReport};

const PRODUCER: &str = concat!("https://github.com/forebay/forebay/tree/v", env!("CARGO_PKG_VERSION"));
const SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const RUN_FACET_SCHEMA: &str = concat!(
    "https://raw.githubusercontent.com/forebay/forebay/v",
    env!("CARGO_PKG_VERSION"),
    "/docs/reference/openlineage-run-facet.json#/$defs/ForebayRunFacet"
);

/// What happened to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventType {
    Start,
    Complete,
    Fail,
    Abort,
}

impl EventType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Complete => "COMPLETE",
            Self::Fail => "FAIL",
            Self::Abort => "ABORT",
        }
    }
}

/// What is known about a run when it begins.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) run_id: i64,
    pub(crate) source: String,
    pub(crate) entity_type: String,
    pub(crate) scope: String,
    pub(crate) engine: String,
    /// The file or URL.
    pub(crate) input: String,
    pub(crate) is_complete: bool,
    pub(crate) observed_at: Timestamp,
    /// The database that stores the references.
    pub(crate) database: Place,
}

/// The event of a run.
pub(super) fn event(
    namespace: &str,
    facts: &Facts,
    kind: EventType,
    at: Timestamp,
    report: Option<&RunReport>,
    error: Option<&Error>,
) -> Value {
    json!({
        "eventType": kind.as_str(),
        "eventTime": format!("{at:.3}"),
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": { "runId": run_uuid(facts), "facets": run_facets(facts, report, error) },
        "job": {
            "namespace": namespace,
            "name": facts.source,
            "facets": { "jobType": facet("JobTypeJobFacet", "2-0-3", json!({
                "processingType": "BATCH", "integration": "FOREBAY", "jobType": "RUN",
            })) },
        },
        "inputs": [input(facts, report)],
        "outputs": [output(facts, report)],
    })
}

/// The same for all events of a run, whichever process sends them: made of the database, the source and the id.
fn run_uuid(facts: &Facts) -> String {
    let Place { address, database } = &facts.database;
    let text = format!("forebay run\0{address}\0{database}\0{}\0{}", facts.source, facts.run_id);
    uuid_of(text.as_bytes())
}

/// A facet of the specification.
fn facet(name: &str, version: &str, content: Value) -> Value {
    with_schema(content, format!("https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}"))
}

fn with_schema(content: Value, schema: String) -> Value {
    let mut facet = Map::new();
    facet.insert("_producer".to_owned(), PRODUCER.into());
    facet.insert("_schemaURL".to_owned(), schema.into());
    if let Value::Object(content) = content {
        facet.extend(content);
    }
    Value::Object(facet)
}

fn run_facets(facts: &Facts, report: Option<&RunReport>, error: Option<&Error>) -> Value {
    let mut all = json!({
        "nominalTime": facet("NominalTimeRunFacet", "1-0-1", json!({
            "nominalStartTime": format!("{:.3}", facts.observed_at),
        })),
        "processing_engine": facet("ProcessingEngineRunFacet", "1-1-1", json!({
            "version": env!("CARGO_PKG_VERSION"), "name": "forebay",
        })),
        "forebay_run": run_facet(facts, report, error),
    });
    let message = match (error, report) {
        (Some(error), _) => Some(error.to_string()),
        (None, Some(report)) if report.status == RunStatus::Failed => Some(report.messages.join("; ")),
        _ => None,
    };
    if let Some(message) = message {
        // It leaves the machine.
        let content = json!({ "message": redact(&message), "programmingLanguage": "Rust" });
        all["errorMessage"] = facet("ErrorMessageRunFacet", "1-0-1", content);
    }
    all
}

fn run_facet(facts: &Facts, report: Option<&RunReport>, error: Option<&Error>) -> Value {
    let status = match (report, error) {
        (Some(report), _) => report.status.as_str(),
        (None, Some(error)) => error.run_status().as_str(),
        (None, None) => "running",
    };
    let reason = match (report, error) {
        (Some(report), _) => report.reason_code.clone(),
        (None, error) => error.map(|error| error.code().to_owned()),
    };
    let mut content = json!({
        "runId": facts.run_id,
        "scope": facts.scope,
        "entityType": facts.entity_type,
        "engine": facts.engine,
        "isComplete": facts.is_complete,
        "status": status,
        "reasonCode": reason,
    });
    if let Some(report) = report {
        let counts = &report.counts;
        content["counts"] = json!({
            "seen": counts.num_seen,
            "added": counts.num_added,
            "updated": counts.num_updated,
            "unchanged": counts.num_unchanged,
            "removed": counts.num_removed,
            "restored": counts.num_restored,
            "duplicate": counts.num_duplicate,
            "rejected": counts.num_rejected,
            "withheld": report.num_withheld,
            "handoffs": report.num_handoffs,
        });
        content["fieldCoverage"] = json!(report.field_coverage);
    }
    with_schema(content, RUN_FACET_SCHEMA.to_owned())
}

fn input(facts: &Facts, report: Option<&RunReport>) -> Value {
    let (namespace, name) = dataset_of(&facts.source, &facts.input);
    let mut dataset = json!({ "namespace": namespace, "name": name, "facets": {} });
    if let Some(report) = report {
        let counts = &report.counts;
        let num_good = counts.num_seen.saturating_sub(counts.num_rejected);
        let columns: Map<String, Value> = report
            .field_coverage
            .iter()
            .map(|(field, coverage)| {
                (field.clone(), json!({ "nullCount": num_missing(num_good, *coverage) }))
            })
            .collect();
        let content = json!({ "rowCount": counts.num_seen, "columnMetrics": columns });
        let quality = facet("DataQualityMetricsInputDatasetFacet", "1-0-2", content);
        dataset["inputFacets"] = json!({ "dataQualityMetrics": quality });
    }
    dataset
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count, rounded")]
fn num_missing(number: u64, coverage: f64) -> u64 {
    (number as f64 * (1.0 - coverage.clamp(0.0, 1.0))).round() as u64
}

/// The namespace and the name of an input, without logins and queries, which may contain secrets.
fn dataset_of(source: &str, input: &str) -> (String, String) {
    match Url::parse(input) {
        Ok(url) if url.has_host() => {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            let host = url.host_str().unwrap_or_default();
            (format!("{}://{host}{port}", url.scheme()), url.path().to_owned())
        }
        // They have no name of their own.
        _ if matches!(input, "" | "-" | "request body") => ("forebay".to_owned(), format!("{source}.input")),
        _ => ("file".to_owned(), input.to_owned()),
    }
}

fn output(facts: &Facts, report: Option<&RunReport>) -> Value {
    let Place { address, database } = &facts.database;
    let mut dataset = json!({
        "namespace": format!("postgres://{address}"),
        "name": format!("{database}.forebay.references.{}", facts.source),
        "facets": {},
    });
    if let Some(report) = report {
        let content = json!({ "rowCount": report.counts.num_changed() });
        let statistics = facet("OutputStatisticsOutputDatasetFacet", "1-0-2", content);
        dataset["outputFacets"] = json!({ "outputStatistics": statistics });
    }
    dataset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_named_without_secrets() {
        for (input, namespace, name) in [
            ("https://u:p@example.org:8443/a/b?key=s#x", "https://example.org:8443", "/a/b"),
            ("https://example.org", "https://example.org", "/"),
            ("courses.jsonl", "file", "courses.jsonl"),
            ("-", "forebay", "courses.input"),
            ("C:\\data\\a.csv", "file", "C:\\data\\a.csv"),
        ] {
            assert_eq!(dataset_of("courses", input), (namespace.to_owned(), name.to_owned()), "{input}");
        }
    }
}

//! `POST /v1/persist`

use std::{sync::atomic::Ordering::Acquire, time::Duration};

use axum::{
    Json,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use forebay_domain::{
    access::Permission,
    identity::SCOPE_FIELD,
    patch::RecordMode,
    pointer::Pointer,
    removal_flag::RemovedWhen,
    run::{OnDuplicate, RunStatus},
};
use forebay_engine::{
    freshness::enter_persisted,
    persist::{Input, Overrides, PersistRequest, persist_until},
    scrape::Stop,
    sources::{Format, ReadOptions},
};
use forebay_views::{
    Run, Time,
    failure::{Exit, Failure},
    read, rights,
};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::timeout;

use crate::{
    app::App,
    arguments::{self, Share},
    body_reader::{BodyReader, MOST_SILENCE},
    endpoint::None as Nothing,
    gate::Subject,
    inputs::{InputSettings, Inputs},
    problem::{Passing, Problem},
    raw::{Raw, RawRequest},
};

/// How long a request waits for one of the few places.
const MOST_WAIT: Duration = Duration::from_secs(30);

/// Records as the body of a request.
pub(crate) struct Persist;

/// What the records are, and what to do with them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub(crate) struct Query {
    /// The source of the records.
    source: String,
    /// A field that identifies a record; repeatable, in order. Default: those of the source.
    #[serde(default)]
    key: Vec<String>,
    /// Equal keys in two scopes are two records: the scope is part of the key.
    #[serde(default)]
    key_in_scope: bool,
    /// The entity type of the records.
    entity: Option<String>,
    /// The scope that this run covers, as in `semester=Spring 2026,university=CSI`.
    scope: Option<String>,
    /// The format. Default: that of the content type, then the source's, then `auto`.
    #[serde(default)]
    format: Option<BodyFormat>,
    /// JSON pointer to the records in a JSON document.
    records: Option<String>,
    /// The body covers the whole scope: remove records that it doesn't contain, if the guards permit.
    #[serde(default)]
    complete: bool,
    /// When the source was observed (RFC 3339). Default: now.
    observed_at: Option<Time>,
    /// Accept an `observed_at` that is more than 24 hours ahead of the server's clock.
    #[serde(default)]
    allow_future: bool,
    /// How to handle a key that appears again: first, last, merge, reject or `newest_by=FIELD`.
    on_duplicate: Option<String>,
    /// What the records are: replace (whole records) or patch (parts that are laid over what is stored).
    #[serde(default)]
    #[schemars(schema_with = "forebay_domain::words::schema::<RecordMode>")]
    mode: Option<RecordMode>,
    /// Field or JSON pointer at which a record says that it is gone; empty: nowhere.
    removed_when: Option<String>,
    /// Whether guards may hold this run. Default: as the source says.
    guards: Option<bool>,
    /// Maximum share of the scope that this run may remove.
    max_removed: Option<Share>,
    /// Maximum share of rejected records; with more, the run fails.
    max_rejected: Option<Share>,
    /// Don't hand off changes to ingestion.
    #[serde(default)]
    no_handoff: bool,
}

/// The format of a body.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum BodyFormat {
    Auto,
    Json,
    Jsonl,
    Csv,
    Singer,
}

impl From<BodyFormat> for Format {
    fn from(format: BodyFormat) -> Self {
        match format {
            BodyFormat::Auto => Self::Auto,
            BodyFormat::Json => Self::Json,
            BodyFormat::Jsonl => Self::JsonLines,
            BodyFormat::Csv => Self::Csv,
            BodyFormat::Singer => Self::Singer,
        }
    }
}

impl Raw for Persist {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/v1/persist";
    const NAME: &'static str = "persist_records";
    const SUMMARY: &'static str = "Persist the records in the body, with gzip or without, as one run";
    const NEEDS: Permission = Permission::Persist;
    const REQUEST: &'static [&'static str] = &["application/x-ndjson", "application/json", "text/csv"];
    const RESPONSE: &'static str = "application/json";
    type Path = Nothing;
    type Query = Query;
    type Output = Run;

    fn subject(query: &Query) -> Subject<'_> {
        Subject::Source(&query.source)
    }

    async fn call(app: App, request: RawRequest<Self>) -> Result<Response, Failure> {
        let RawRequest { query, headers, body, caller } = request;
        check_encoding(&headers)?;
        if query.guards == Some(false) || query.max_removed.is_some() || query.max_rejected.is_some() {
            // Loosening a guard takes the same permission as releasing the run that it holds.
            rights::check(&caller.principal, Permission::Operate, Some(&query.source))?;
        }
        let settings = settings(query, &headers, app.inputs())?;
        // Clients that have gone meanwhile wait here too.
        let Ok(_permit) = timeout(MOST_WAIT, app.run_permit()).await else {
            return Err(Failure::new("busy", "as many runs of posted records as possible are in progress")
                .hint("send the records again later"));
        };
        let body = BodyReader::new(body, MOST_SILENCE);
        let is_cut = body.is_cut();
        let input = Input::bytes("request body", Box::new(body), settings.options);
        let answered = answer(&app, settings.request, input).await;
        let mut response = answered.unwrap_or_else(|failure| Problem::from(failure).into_response());
        if is_cut.load(Acquire) {
            response.extensions_mut().insert(Passing);
        }
        Ok(response)
    }
}

/// Persists the records. The response is the run.
async fn answer(app: &App, request: PersistRequest, input: Input) -> Result<Response, Failure> {
    let run = run(app, request, input).await?;
    if run.summary.status == RunStatus::Failed.as_str() {
        let message = run.message.as_deref().unwrap_or("the run failed");
        let hint = format!("GET /v1/runs/{} shows its counts and rejected records", run.summary.run_id);
        return Err(Failure::new("run_failed", message).exit(Exit::Partial).hint(hint));
    }
    let status =
        if run.summary.status == RunStatus::Held.as_str() { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, [(header::CACHE_CONTROL, "no-store")], Json(run)).into_response())
}

async fn run(app: &App, request: PersistRequest, input: Input) -> Result<Run, Failure> {
    let stop = Stop::default();
    let persisting = persist_until(app.database(), request, input, &stop, &|_| {});
    tokio::pin!(persisting);
    let persisted = tokio::select! {
        persisted = &mut persisting => persisted,
        () = app.stopping().cancelled() => {
            stop.ask();
            persisting.await
        }
    };
    let report = match persisted {
        Ok(report) => report,
        // The body can't be read as records.
        Err(error @ forebay_engine::Error::Source(_)) => return Err(Failure::from(error).exit(Exit::Partial)),
        Err(error) => return Err(error.into()),
    };
    if let Err(error) = enter_persisted(app.database(), app.sources(), &report).await {
        tracing::warn!(run_id = report.run_id, "the ledger of freshness could not record this run: {error}");
    }
    read::runs::run(&app.client().await?, report.run_id).await
}

/// gzip is detected from the bytes, whatever the headers say. Error: `encoding_unsupported`.
fn check_encoding(headers: &HeaderMap) -> Result<(), Failure> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or_default());
    if matches!(encoding, None | Some("gzip" | "x-gzip" | "identity")) {
        return Ok(());
    }
    Err(Failure::usage("encoding_unsupported", "the content encoding of the body must be gzip or none"))
}

/// The settings of the source with what the request gives.
fn settings(query: Query, headers: &HeaderMap, inputs: &Inputs) -> Result<InputSettings, Failure> {
    let InputSettings { request: configured, options } = inputs.of(&query.source);
    let mut key_fields = if query.key.is_empty() { configured.key_fields.clone() } else { query.key };
    let is_in_scope = query.key_in_scope || configured.key_fields.iter().any(|field| field == SCOPE_FIELD);
    if is_in_scope && !key_fields.iter().any(|field| field == SCOPE_FIELD) {
        key_fields.push(SCOPE_FIELD.to_owned());
    }
    let format =
        query.format.map(Format::from).or_else(|| of_content_type(headers)).unwrap_or(options.format);
    let mut options = ReadOptions { format, ..options };
    if let Some(records) = query.records {
        options.records = Some(parsed::<Pointer>("records", &records)?);
    }
    options.singer.key = Some(key_fields.clone()).filter(|key| !key.is_empty());
    let on_duplicate =
        query.on_duplicate.map(|text| parsed::<OnDuplicate>("on_duplicate", &text)).transpose()?;
    let removed_when =
        query.removed_when.map(|text| parsed::<RemovedWhen>("removed_when", &text)).transpose()?;
    let request = PersistRequest {
        entity_type: query.entity.or(configured.entity_type),
        key_fields,
        on_duplicate: on_duplicate.or(configured.on_duplicate),
        mode: query.mode.or(configured.mode),
        removed_when: removed_when.or(configured.removed_when),
        overrides: Overrides {
            guards: query.guards,
            max_removed_share: query.max_removed.map(Share::get),
            max_rejected_share: query.max_rejected.map(Share::get),
            // It has one of the few places meanwhile, and the client can try again.
            max_wait: Some(MOST_SILENCE),
        },
        scope: query.scope.as_deref().map(arguments::scope).transpose()?.unwrap_or_default(),
        complete: query.complete,
        observed_at: query.observed_at.map(Time::get),
        allow_future: query.allow_future,
        with_handoffs: !query.no_handoff,
        ..configured
    };
    Ok(InputSettings { request, options })
}

fn parsed<T>(name: &str, text: &str) -> Result<T, Failure>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| Failure::usage("query_invalid", format!("{name}: {error}")))
}

/// The format that the content type names, if it names one.
fn of_content_type(headers: &HeaderMap) -> Option<Format> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    match kind.split(';').next()?.trim().to_ascii_lowercase().as_str() {
        "application/x-ndjson" | "application/jsonl" | "application/jsonlines" => Some(Format::JsonLines),
        "application/json" => Some(Format::Json),
        "text/csv" => Some(Format::Csv),
        _ => None,
    }
}

//! `forebay sources test`: what a source yields, without writing anything.

use std::{collections::BTreeMap, sync::Arc};

use forebay_domain::scope::Scope;
use forebay_engine::{
    clock,
    scrape::{self, Sample, Scraper},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::show::{VersionLine, write_versions};
use crate::{
    cli::values::{self, ScopePair},
    config::Config,
    context::Context,
    failure::{Exit, Failure},
    names::nearest,
    ui::{Page, Report, Table, Tone, format, table::Column},
};

/// Fetch the first records of a source without writing anything
///
/// Fetches the first pages or starts the program as a run would; a tap gets no state. Prints the records as they
/// would be stored.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources test courses
  forebay sources test courses --scope \"semester=Spring 2026\" --limit 20 --output json")]
pub(crate) struct Args {
    /// Name of the source
    #[arg(value_name = "NAME", value_parser = values::name)]
    source: String,

    /// Scope to test; repeatable [default: the first declared scope]
    #[arg(long, value_name = "NAME=VALUE")]
    scope: Vec<ScopePair>,

    /// Number of records to fetch
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

/// What is printed. Its fields are stable.
#[derive(Serialize)]
struct TestReport {
    source: String,
    scope: String,
    kind: &'static str,
    key_fields: Vec<String>,
    records: Vec<RecordLine>,
    num_rejected: u64,
    rejected: Vec<RejectedLine>,
    /// Key fields that records lacked, and how many did.
    missing_keys: BTreeMap<String, u64>,
    field_coverage: BTreeMap<String, f64>,
    pages: Vec<PageLine>,
    num_links: u64,
    links: Vec<LinkLine>,
    has_more: bool,
    /// Selectors that found nothing in all that was read.
    unmatched: Vec<Unmatched>,
    /// All rows of a table or query of Postgres by the version of their contract, if a column tells.
    rows_by_version: Vec<VersionLine>,
}

/// A setting whose selector matches nothing.
#[derive(Serialize)]
struct Unmatched {
    setting: String,
    selector: Option<String>,
}

impl From<scrape::Unmatched> for Unmatched {
    fn from(unmatched: scrape::Unmatched) -> Self {
        Self { setting: unmatched.setting, selector: unmatched.selector }
    }
}

#[derive(Serialize)]
struct RecordLine {
    record_key: String,
    payload: Box<RawValue>,
}

#[derive(Serialize)]
struct RejectedLine {
    line: u64,
    reason_code: &'static str,
    message: String,
    raw: String,
}

#[derive(Serialize)]
struct PageLine {
    url: String,
    role: &'static str,
    num_records: u64,
    num_links: u64,
    num_refused_links: u64,
    problem: Option<Problem>,
}

#[derive(Serialize)]
struct Problem {
    code: &'static str,
    message: String,
}

#[derive(Serialize)]
struct LinkLine {
    url: String,
    role: &'static str,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let Some(source) = config.definitions().get(&args.source) else {
        return Err(not_scraped(&args.source, &config));
    };
    let pairs = args.scope.iter().map(|pair| format!("{}={}", pair.name, pair.value));
    let given = Scope::parse(pairs).map_err(|error| Failure::usage(error.code(), error.to_string()))?;
    let scope = if given.is_empty() { source.scopes.first().cloned().unwrap_or_default() } else { given };
    let database = Arc::new(context.database().await?);
    let sources = Arc::new(config.definitions().clone());
    let scraper = Scraper::new(Arc::clone(&database), clock::network(), sources);
    let looked = scrape::test(&scraper, source, &scope, args.limit.into()).await;
    drop(scraper);
    if let Some(database) = Arc::into_inner(database) {
        database.close().await?;
    }
    let report = TestReport::of(source, &scope, looked?)?;
    let found_any = !report.records.is_empty();
    context.ui.show(&report)?;
    Ok(if found_any { Exit::Done } else { Exit::Failed })
}

fn not_scraped(name: &str, config: &Config) -> Failure {
    if config.sources.contains_key(name) {
        let message = format!("the source {name} has no kind, so there is nothing to ask");
        return Failure::usage("source_not_scraped", message).hint(format!(
            "add a table such as [sources.{name}.html] to forebay.toml; docs/reference/configuration.md lists them"
        ));
    }
    let failure = Failure::usage("source_not_scraped", format!("forebay.toml declares no source {name:?}"));
    match nearest(name, config.definitions().keys().map(String::as_str)) {
        Some(meant) => failure.hint(format!("did you mean `{meant}`?")),
        None => failure.hint("`forebay config check` shows the sources of the configuration"),
    }
}

impl TestReport {
    fn of(source: &scrape::SourceDefinition, scope: &Scope, sample: Sample) -> Result<Self, Failure> {
        let unmatched = scrape::unmatched(source, &sample).into_iter().map(Unmatched::from).collect();
        let records = sample.records.into_iter().map(|record| {
            let payload = RawValue::from_string(record.payload);
            payload.map(|payload| RecordLine { record_key: record.record_key, payload })
        });
        let records: Result<Vec<RecordLine>, _> = records.collect();
        Ok(Self {
            source: source.name.clone(),
            scope: scope.to_string(),
            kind: source.kind.as_str(),
            key_fields: source.key_fields.clone(),
            records: records.map_err(|error| Failure::from_error("payload_unreadable", &error))?,
            num_rejected: sample.num_rejected,
            rejected: sample
                .rejected
                .into_iter()
                .map(|piece| RejectedLine {
                    line: piece.line,
                    reason_code: piece.reason_code,
                    message: piece.message,
                    raw: piece.head,
                })
                .collect(),
            missing_keys: sample.missing_keys,
            field_coverage: sample.field_coverage,
            pages: sample
                .pages
                .into_iter()
                .map(|page| PageLine {
                    url: page.url,
                    role: page.role,
                    num_records: page.num_records,
                    num_links: page.num_links,
                    num_refused_links: page.num_refused_links,
                    problem: page.problem.map(|(code, message)| Problem { code, message }),
                })
                .collect(),
            num_links: sample.num_links,
            links: sample.links.into_iter().map(|link| LinkLine { url: link.url, role: link.role }).collect(),
            has_more: sample.has_more,
            unmatched,
            rows_by_version: sample.rows_by_version.into_iter().map(VersionLine::from).collect(),
        })
    }
}

impl Report for TestReport {
    fn write(&self, page: &mut Page) {
        page.fields([
            ("source", self.source.clone()),
            ("kind", self.kind.to_owned()),
            (
                "scope",
                if self.scope.is_empty() { "(the whole source)".to_owned() } else { self.scope.clone() },
            ),
            ("key", self.key_fields.join(", ")),
        ]);
        page.heading("Records");
        for record in &self.records {
            page.line(&record.record_key);
            page.line(&format!("  {}", record.payload));
        }
        if self.records.is_empty() {
            page.line("none was found");
        } else if self.has_more {
            page.line("There may be more: only the beginning was looked at.");
        }
        self.write_problems(page);
        page.heading("Fields");
        let mut fields = Table::new([Column::text("field"), Column::number("filled")]);
        for (name, share) in &self.field_coverage {
            fields.row([name.clone(), format::share(*share)]);
        }
        page.table(&fields, "no field had a value");
        write_versions(page, "Rows by contract version", &self.rows_by_version);
        if !self.pages.is_empty() {
            self.write_pages(page);
        }
    }
}

impl TestReport {
    fn write_problems(&self, page: &mut Page) {
        for (field, number) in &self.missing_keys {
            page.line(&format!(
                "The key field {field} is missing in {number} of the records that were rejected."
            ));
        }
        for Unmatched { setting, selector } in &self.unmatched {
            let selector = selector.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
            page.toned(Tone::Warning, &format!("{setting}{selector} found nothing on any of the pages."));
        }
        if self.num_rejected == 0 {
            return;
        }
        page.heading(&format!("Rejected: {}", format::count(self.num_rejected)));
        let mut rejected =
            Table::new([Column::number("line"), Column::text("reason"), Column::text("message")]);
        for line in &self.rejected {
            rejected.row([line.line.to_string(), line.reason_code.to_owned(), line.message.clone()]);
        }
        page.table(&rejected, "none");
    }

    fn write_pages(&self, page: &mut Page) {
        page.heading("Pages");
        let mut pages = Table::new([
            Column::text("page"),
            Column::text("as"),
            Column::number("records"),
            Column::number("links"),
            Column::number("refused links"),
            Column::text("problem"),
        ]);
        for line in &self.pages {
            pages.row([
                line.url.clone(),
                line.role.to_owned(),
                format::count(line.num_records),
                format::count(line.num_links),
                format::count(line.num_refused_links),
                line.problem.as_ref().map(|problem| problem.message.clone()).unwrap_or_default(),
            ]);
        }
        page.table(&pages, "none was read");
        if self.num_links > 0 {
            page.heading(&format!("Links: {}", format::count(self.num_links)));
            for link in &self.links {
                page.line(&format!("{} {}", link.role, link.url));
            }
        }
    }
}

//! `forebay sources test`: shows the first records of a source without writing anything.

use forebay_engine::scrape::{self, connections_for};
use forebay_views::{SourceTest, Unmatched};

use super::show::write_versions;

use crate::{
    cli::values::{self, ScopePair, scope_if_given},
    config::Config,
    context::Context,
    failure::{Exit, Failure},
    names::nearest,
    ui::{Page, Report, Table, Tone, format, table::Column},
};

/// Fetch the first records of a source without writing anything
///
/// Fetches the first pages or starts the program as a run would; a tap gets no state. Prints the records as they
/// would be stored; if reading ends early, such as with a program that fails, the exit code is 1. If the source
/// declares several scopes, it also reads the start of another one, to find keys that both have.
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

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let Some(source) = config.definitions().get(&args.source) else {
        return Err(not_scraped(&args.source, &config));
    };
    let scope = match scope_if_given(&args.scope)? {
        Some(given) => given,
        None => source.scopes.first().cloned().unwrap_or_default(),
    };
    let sample = context
        .with_scraper(&config, connections_for(1), async |scraper| {
            Ok(scrape::test(scraper, source, &scope, args.limit.into()).await?)
        })
        .await?;
    let report = SourceTest::new(source, scope.to_string(), sample)
        .map_err(|error| Failure::from_error("payload_unreadable", &error))?;
    let is_readable = !report.records.is_empty() && report.read_error.is_none();
    context.ui.show(&report)?;
    Ok(if is_readable { Exit::Done } else { Exit::Failed })
}

fn not_scraped(name: &str, config: &Config) -> Failure {
    if config.sources.contains_key(name) {
        let message = format!("the source {name} has no kind, so it cannot be scraped");
        return Failure::usage("source_not_scraped", message).hint(format!(
            "add a table such as [sources.{name}.html] to forebay.toml; docs/reference/configuration.md lists them"
        ));
    }
    let failure = Failure::usage("source_not_scraped", format!("forebay.toml declares no source {name:?}"));
    match nearest(name, config.definitions().keys().map(String::as_str)) {
        Some(meant) => failure.hint(format!("did you mean `{meant}`?")),
        None => failure.hint("run `forebay config check` to list the configured sources"),
    }
}

impl Report for SourceTest {
    fn write(&self, page: &mut Page) {
        page.fields([
            ("source", self.source.clone()),
            ("kind", self.kind.clone()),
            (
                "scope",
                if self.scope.is_empty() { "(the whole source)".to_owned() } else { self.scope.clone() },
            ),
            ("key", self.key_fields.join(", ")),
        ]);
        page.heading("Records");
        for record in &self.records {
            let key = format::plain(&record.record_key);
            if record.is_marked {
                page.toned(
                    Tone::Warning,
                    &format!("{key} is marked as gone: a run doesn't store it, and removes its reference"),
                );
            } else {
                page.line(&key);
            }
            page.line(&format!("  {}", record.payload.text()));
        }
        if self.records.is_empty() {
            page.line("none");
        } else if let Some(error) = &self.read_error {
            page.toned(
                Tone::Bad,
                &format!(
                    "Reading ended early ({}): {}. A run would not be complete.",
                    error.code, error.message
                ),
            );
        } else if self.has_more {
            page.line("There may be more; only the first pages were read.");
        }
        write_problems(page, self);
        page.heading("Fields");
        let mut fields = Table::new([Column::text("field"), Column::number("filled")]);
        for (name, share) in &self.field_coverage {
            fields.row([name.clone(), format::share(*share)]);
        }
        page.table(&fields, "no field has a value");
        write_versions(page, "Rows by contract version", &self.contract_versions);
        if !self.pages.is_empty() {
            write_pages(page, self);
        }
    }
}

fn write_problems(page: &mut Page, test: &SourceTest) {
    for (field, number) in &test.missing_keys {
        page.line(&format!("The key field {field} is missing in {number} rejected records."));
    }
    for Unmatched { setting, selector } in &test.unmatched {
        let selector = selector.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
        page.toned(Tone::Warning, &format!("{setting}{selector} matched nothing on any page."));
    }
    for warning in &test.warnings {
        page.toned(Tone::Warning, warning);
    }
    if test.num_rejected == 0 {
        return;
    }
    page.heading(&format!("Rejected: {}", format::count(test.num_rejected)));
    let mut rejected = Table::new([Column::number("line"), Column::text("reason"), Column::text("message")]);
    for line in &test.rejected {
        rejected.row([line.line.to_string(), line.reason_code.clone(), line.message.clone()]);
    }
    page.table(&rejected, "none");
}

fn write_pages(page: &mut Page, test: &SourceTest) {
    page.heading("Pages");
    let mut pages = Table::new([
        Column::text("page"),
        Column::text("role"),
        Column::number("records"),
        Column::number("links"),
        Column::number("refused links"),
        Column::text("problem"),
    ]);
    for line in &test.pages {
        pages.row([
            line.url.clone(),
            line.role.clone(),
            format::count(line.num_records),
            format::count(line.num_links),
            format::count(line.num_refused_links),
            line.error.as_ref().map(|error| error.message.clone()).unwrap_or_default(),
        ]);
    }
    page.table(&pages, "none");
    if test.num_links > 0 {
        page.heading(&format!("Links: {}", format::count(test.num_links)));
        for link in &test.links {
            page.line(&format!("{} {}", link.role, link.url));
        }
    }
}

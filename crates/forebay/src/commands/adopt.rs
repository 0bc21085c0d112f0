//! `forebay adopt`: stores the rows of a table that a project already has as references.

use forebay_engine::{
    adopt::{AdoptRequest, adopt},
    persist::PersistRequest,
    scrape::Stop,
};
use forebay_store::{actions::Actor, connect::Database};
use forebay_views::{Adoption, ExistingColumn};

use super::{
    persist::tell,
    runs::{read_run, write_ended},
    signals::stoppable,
    sources::write_versions,
};
use crate::{
    cli::{values, why::Why},
    config::{Config, Format},
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, Tone, format},
};

/// Store the rows of a table of your own as references
///
/// The table is only read, in one snapshot. Identity, versions, guards, hand-offs and rejected records are those of
/// every other input. Adopting it again writes only changes. The references have the contract version of a column, or
/// 0, which distinguishes them from scraped ones. The report lists rows without a key, repeated keys, and columns with
/// values of several shapes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
`forebay doctor --existing` lists the tables of a schema and proposes what to adopt.

Examples:
  forebay adopt events --as events --entity event
  forebay adopt app.courses --as courses --key code --key semester --complete")]
pub(crate) struct Args {
    /// Table or view: `name` (in the schema public) or `schema.name`
    #[arg(value_name = "TABLE")]
    pub(crate) table: String,

    /// Source of the references
    #[arg(long = "as", value_name = "SOURCE", value_parser = values::name)]
    pub(crate) source: String,

    /// Columns that identify a row, in order; repeatable [default: the source's, or the table's key]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',', value_parser = values::name)]
    pub(crate) key: Vec<String>,

    /// Entity type of the rows, such as `event` [default: the source's]
    #[arg(long, value_name = "TYPE", value_parser = values::name)]
    pub(crate) entity: Option<String>,

    /// Integer column with the contract version of a row [default: `contract_version`, if the table has it]
    #[arg(long, value_name = "COLUMN", value_parser = values::name)]
    pub(crate) contract_version_column: Option<String>,

    /// The table has all records of the source: remove references that it doesn't contain, if the guards permit
    #[arg(long)]
    pub(crate) complete: bool,

    /// Don't hand changes off to the source's pipelines
    #[arg(long)]
    pub(crate) no_handoff: bool,

    /// Maximum time for each of the queries that read the table
    #[arg(long, value_name = "DURATION", default_value = "1h")]
    pub(crate) timeout: values::Duration,

    #[command(flatten)]
    pub(crate) why: Why,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let request = request(args, &config);
    let stop = Stop::default();
    let adopting = context.with_database(async |database| {
        if request.persist.with_handoffs {
            context.declare_pipelines(database).await?;
        }
        adopted(context, database, request, &args.why.actor(), &stop).await
    });
    let adoption = Box::pin(stoppable(adopting, || stop.ask())).await?;
    context.ui.show(&adoption)?;
    Ok(Exit::of_runs([adoption.run.summary.status.as_str()]))
}

/// The request, with the settings of the source in the configuration, if it is there.
fn request(args: &Args, config: &Config) -> AdoptRequest {
    let configured = config
        .persist_request(&args.source, Format::Jsonl)
        .unwrap_or_else(|| PersistRequest::new(&args.source, &args.key));
    let is_declared = config.sources.contains_key(&args.source);
    AdoptRequest {
        table: args.table.clone(),
        contract_version_column: args.contract_version_column.clone(),
        timeout: args.timeout.get(),
        persist: PersistRequest {
            entity_type: args.entity.clone().or(configured.entity_type),
            key_fields: if args.key.is_empty() { configured.key_fields } else { args.key.clone() },
            entities: config.typed_entities().clone(),
            project: config.project().filter(|_| is_declared).map(str::to_owned),
            complete: args.complete,
            with_handoffs: !args.no_handoff,
            ..configured
        },
    }
}

async fn adopted(
    context: &Context,
    database: &Database,
    request: AdoptRequest,
    by: &Actor,
    stop: &Stop,
) -> Result<Adoption, Failure> {
    let bar = context.ui.progress(&format!("adopting {}", request.table), None);
    let adopted =
        adopt(database, request, by, stop, &|progress| tell(&context.ui, &bar, None, &progress)).await?;
    drop(bar);
    for warning in &adopted.run.warnings {
        context.ui.warn(warning);
    }
    let run = read_run(&database.client().await?, adopted.run.run_id).await?;
    Ok(Adoption::new(adopted, run))
}

impl Report for Adoption {
    fn write(&self, page: &mut Page) {
        write_ended(page, &self.run);
        let key = format::plain(&self.key_fields.join(", "));
        page.line(&format!("  table {}, key {key}", format::plain(&self.table)));
        if self.num_null_keys > 0 {
            let rows = format::counted(self.num_null_keys, "row");
            page.toned(Tone::Warning, &format!("  {rows} without a value in the key"));
        }
        if self.num_repeated_keys > 0 {
            let (keys, rows) = (
                format::counted(self.num_repeated_keys, "repeated key"),
                format::counted(self.num_surplus_rows, "more row"),
            );
            page.toned(Tone::Warning, &format!("  {keys}, with {rows} than references"));
        }
        for column in &self.mixed {
            page.toned(Tone::Warning, &format!("  {}", mixed(column)));
        }
        write_versions(page, "Active references by contract version", &self.contract_versions);
    }
}

/// `starts is mixed: 3 date, 1 text`.
pub(super) fn mixed(column: &ExistingColumn) -> String {
    let shapes: Vec<String> =
        column.shapes.iter().map(|(shape, number)| format!("{} {shape}", format::count(*number))).collect();
    format!("{} is mixed: {}", format::plain(&column.column), shapes.join(", "))
}

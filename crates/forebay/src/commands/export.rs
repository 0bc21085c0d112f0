//! `forebay export`: prints references as records, in the form in which they were persisted.

use std::io::{BufWriter, Stdout, Write};

use forebay_engine::payload::Canonical;
use forebay_store::{
    connect::{Client, Database},
    export,
    sources::{self, Source},
};
use jiff::Timestamp;

use crate::{
    cli::values::{self, ScopePair, scope_if_given},
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::escape_json,
};

/// Print the records of active references, one JSON object per line
///
/// With --output json, prints one array. Control characters are escaped, which changes no value.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay export --source courses > courses.jsonl
  forebay export --source courses --scope 'semester=Spring 2026'
  forebay export --source courses --at 2026-01-12 | head
  forebay export | gzip > all.jsonl.gz")]
pub(crate) struct Args {
    /// Only this source
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: Option<String>,

    /// Only this scope, in all its parts; repeatable
    #[arg(long, value_name = "NAME=VALUE", requires = "source")]
    pub(crate) scope: Vec<ScopePair>,

    /// Records as observed at this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    pub(crate) at: Option<Timestamp>,
}

/// Runs the command. If the reader closes the pipe (`| head`), it ends silently.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context.with_database(async |database| export_all(args, context, database).await).await?;
    Ok(Exit::Done)
}

async fn export_all(args: &Args, context: &Context, database: &Database) -> Result<(), Failure> {
    let mut client = database.client().await?;
    let chosen = choose(args, &client).await?;
    let scope = scope_if_given(&args.scope)?;
    if let (Some(scope), Some(source)) = (&scope, chosen.first()) {
        names::scope(&client, source, scope).await?;
    }
    let transaction = export::snapshot(&mut client).await?;
    let mut records = Records::new(context);
    for source in &chosen {
        let mut payloads = export::payloads(&*transaction, source, scope.as_ref(), args.at).await?;
        while let Some(payload) = payloads.next().await? {
            records.write(payload)?;
        }
    }
    records.end()
}

/// The requested source, or all sources by name.
async fn choose(args: &Args, client: &Client) -> Result<Vec<Source>, Failure> {
    if let Some(name) = &args.source {
        return Ok(vec![names::source(client, name).await?]);
    }
    let mut chosen = Vec::new();
    for name in sources::names(&***client).await? {
        chosen.push(names::source(client, &name).await?);
    }
    Ok(chosen)
}

/// Writes records to standard output: one per line, or all in one array.
struct Records {
    out: BufWriter<Stdout>,
    canonical: Canonical,
    as_array: bool,
    is_first: bool,
}

impl Records {
    fn new(context: &Context) -> Self {
        let (out, as_array) = (context.ui.stream(), context.ui.is_json());
        Self { out, canonical: Canonical::new(), as_array, is_first: true }
    }

    fn write(&mut self, payload: &str) -> Result<(), Failure> {
        let form = self.canonical.text(payload)?;
        let form = escape_json(&form);
        let before: &[u8] = match (self.as_array, self.is_first) {
            (true, true) => b"[\n",
            (true, false) => b",\n",
            (false, true) => b"",
            (false, false) => b"\n",
        };
        self.is_first = false;
        let written = self.out.write_all(before).and_then(|()| self.out.write_all(form.as_bytes()));
        written.map_err(|error| Failure::output(&error))
    }

    fn end(mut self) -> Result<(), Failure> {
        let end: &[u8] = match (self.as_array, self.is_first) {
            (true, true) => b"[]\n",
            (true, false) => b"\n]\n",
            (false, true) => b"",
            (false, false) => b"\n",
        };
        self.out.write_all(end).and_then(|()| self.out.flush()).map_err(|error| Failure::output(&error))
    }
}

//! `forebay db types`: types of the tables, views and functions for programs.

use std::{fs, path::PathBuf};

use forebay_domain::catalogue::{Language, print};
use forebay_store::{catalogue, connect::Database};
use forebay_views::GeneratedTypes;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report},
};

/// Generate types of the tables and views for TypeScript, Rust, Python, or as JSON Schema
///
/// Reads the catalogue of the database, so your own schemas can be named as well. TypeScript is for supabase-js, has
/// functions too, and equals what `supabase gen types` prints.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db types typescript > src/database.types.ts
  forebay db types typescript --schema public --schema forebay --file src/database.types.ts
  forebay db types rust --file src/database.rs
  forebay db types json-schema --schema app")]
pub(crate) struct Args {
    /// The language
    #[arg(value_name = "LANGUAGE", value_parser = values::word::<Language>())]
    pub(crate) language: Language,

    /// A schema to include; repeatable. TypeScript's `Tables<"name">` means `public`, or else the first
    #[arg(long = "schema", value_name = "NAME", default_value = "forebay")]
    pub(crate) schemas: Vec<String>,

    /// File to write instead of printing; an existing one is replaced
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Runs the command. Needs no schema of Forebay: the types may be those of other tables.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context.report_bare(async |database| generate(args, database).await).await
}

async fn generate(args: &Args, database: &Database) -> Result<GeneratedTypes, Failure> {
    let mut client = database.client().await?;
    let catalogue = match catalogue::read(&mut client, &args.schemas).await? {
        Ok(catalogue) => catalogue,
        Err(missing) => {
            let message = format!("no such schema in the database: {}", missing.join(", "));
            return Err(Failure::usage("no_such_schema", message)
                .hint("check --schema, or create Forebay's own with: forebay db up"));
        }
    };
    let default = args.schemas.iter().find(|schema| *schema == "public").unwrap_or(&args.schemas[0]);
    let text = print(args.language, &catalogue, default);
    if let Some(file) = &args.file {
        fs::write(file, &text).map_err(|error| Failure::file("written", file, &error))?;
    }
    Ok(GeneratedTypes {
        language: args.language.to_string(),
        schemas: catalogue.schemas,
        file: args.file.as_ref().map(|file| file.display().to_string()),
        text: args.file.is_none().then_some(text),
    })
}

impl Report for GeneratedTypes {
    fn write(&self, page: &mut Page) {
        if let Some(text) = &self.text {
            page.line(text.trim_end());
        }
        if let Some(file) = &self.file {
            page.line(&format!("wrote the types of {} to {file}", self.schemas.join(", ")));
        }
    }
}

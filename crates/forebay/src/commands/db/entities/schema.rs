//! `forebay db entities schema`: the JSON Schema of an entity type.

use forebay_views::entity_schema;
use serde::Serialize;
use serde_json::Value;

use super::declared;
use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report},
};

/// Print the JSON Schema of an entity type's records
///
/// Draft 2020-12. Reads the configuration only. Records that follow it are accepted; so is text that spells a number or
/// a boolean, which it doesn't allow.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db entities schema event > event.schema.json")]
pub(crate) struct Args {
    /// The entity type
    #[arg(value_name = "ENTITY")]
    pub(crate) entity: String,
}

/// The printed schema.
#[derive(Serialize)]
#[serde(transparent)]
struct Printed(Value);

/// Runs the command.
pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    context.ui.show(&Printed(entity_schema(declared(&config, &args.entity)?)))?;
    Ok(Exit::Done)
}

impl Report for Printed {
    fn write(&self, page: &mut Page) {
        for line in format!("{:#}", self.0).lines() {
            page.line(line);
        }
    }
}

//! `forebay config schema`: the JSON Schema of the configuration.

use serde::Serialize;
use serde_json::Value;

use crate::{
    config,
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report},
};

/// Print the JSON Schema of forebay.toml for editors
///
/// Editors with Taplo (Even Better TOML) find the schema through the first line of the file that `forebay init`
/// writes, `#:schema ./forebay.schema.json`. Print it to that file again after each update of Forebay.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay config schema > forebay.schema.json")]
pub(crate) struct Args {}

/// The printed schema.
#[derive(Serialize)]
#[serde(transparent)]
struct Printed(Value);

/// Runs the command.
pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    context.ui.show(&Printed(config::schema()))?;
    Ok(Exit::Done)
}

impl Report for Printed {
    fn write(&self, page: &mut Page) {
        for line in format!("{:#}", self.0).lines() {
            page.line(line);
        }
    }
}

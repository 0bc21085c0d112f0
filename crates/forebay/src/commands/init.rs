//! `forebay init`: writes a commented configuration file.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
};

use serde::Serialize;

use crate::{
    config,
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report},
};

/// Write a commented forebay.toml
///
/// The file names every setting with its default. It is written to ./forebay.toml, or where --config says.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay init
  forebay init --config etc/forebay.toml
  forebay init --force")]
pub(crate) struct Args {
    /// Overwrite a file that is already there
    #[arg(long)]
    force: bool,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    /// The path as it was given.
    path: String,
}

impl Report for Written {
    fn write(&self, page: &mut Page) {
        page.line(&format!("wrote {}", self.path));
        page.line("Next: set key to the fields that identify a record, then `forebay persist --source courses FILE`.");
    }
}

/// Never overwrites without `--force`: the file is created, not opened, so two at once cannot both win.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let path = context.config_path();
    let mut options = OpenOptions::new();
    if args.force {
        options.write(true).create(true).truncate(true);
    } else {
        options.write(true).create_new(true);
    }
    let written = options.open(path).and_then(|mut file| file.write_all(config::TEMPLATE.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::usage("config_exists", format!("{} is already there", path.display()))
                .hint("edit it, or overwrite it with --force")
        }
        _ => Failure::new("config_not_written", format!("{} cannot be written", path.display()))
            .because(&error),
    })?;
    context.ui.show(&Written { path: path.display().to_string() })?;
    Ok(Exit::Done)
}

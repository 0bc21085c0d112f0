//! `forebay init`: writes a commented configuration file, and the schema for editors and `.env.example` beside it.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::Path,
};

use forebay_views::Initialised;

use crate::{
    config,
    context::Context,
    env_vars,
    failure::{Exit, Failure},
    ui::{Page, Report},
};

/// The schema file beside the configuration; the configuration's first line refers to it.
const SCHEMA_FILE: &str = "forebay.schema.json";

/// The list of environment variables beside the configuration.
const ENV_EXAMPLE_FILE: &str = ".env.example";

/// Write a commented forebay.toml
///
/// The file lists the settings with their defaults. Writes to ./forebay.toml, or to the path in --config, and adds
/// forebay.schema.json beside it for completion and checks in editors. Also adds .env.example, which lists the
/// environment variables; an existing one is kept, even with --force.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay init
  forebay init --config etc/forebay.toml
  forebay init --force")]
pub(crate) struct Args {
    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

impl Report for Initialised {
    fn write(&self, page: &mut Page) {
        page.line(&match &self.env_example_path {
            Some(env_example) => format!("wrote {}, {} and {env_example}", self.path, self.schema_path),
            None => format!("wrote {} and {}", self.path, self.schema_path),
        });
        page.line("Next: set `key` to the fields that identify a record, then run `forebay persist --source courses FILE`.");
    }
}

/// Never overwrites a file without `--force`: files are created exclusively, so two concurrent commands cannot both
/// succeed. An identical existing schema is kept, so that a folder can hold several configurations.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let path = context.config_path();
    let schema_path = path.with_file_name(SCHEMA_FILE);
    let schema = format!("{:#}\n", config::schema());
    let has_schema = fs::read_to_string(&schema_path).is_ok_and(|found| found == schema);
    if !args.force && !has_schema && schema_path.exists() {
        return Err(already_there(&schema_path));
    }
    write(path, &config::template_for(path), args.force)?;
    if !has_schema {
        write(&schema_path, &schema, args.force)?;
    }
    let env_example_path = path.with_file_name(ENV_EXAMPLE_FILE);
    // It may be another program's. A link that leads nowhere counts as one.
    let has_env_example = fs::symlink_metadata(&env_example_path).is_ok();
    if !has_env_example {
        write(&env_example_path, &env_vars::example(), false)?;
    }
    context.ui.show(&Initialised {
        path: path.display().to_string(),
        schema_path: schema_path.display().to_string(),
        env_example_path: (!has_env_example).then(|| env_example_path.display().to_string()),
    })?;
    Ok(Exit::Done)
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    if force {
        options.write(true).create(true).truncate(true);
    } else {
        options.write(true).create_new(true);
    }
    let written: io::Result<()> = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => already_there(path),
        _ => Failure::new("config_not_written", format!("{} cannot be written", path.display()))
            .because(&error),
    })
}

fn already_there(path: &Path) -> Failure {
    Failure::usage("config_exists", format!("{} already exists", path.display()))
        .hint("edit it, or overwrite it with --force")
}

//! `forebay db export`: the migrations as SQL for other tools.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use forebay_engine::seed::SEED_SQL;
use forebay_store::{
    migrations::{self, SqlFile},
    profiles,
    tables::SchemaName,
};
use forebay_views::ExportedMigrations;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, format},
};

/// The folder of the files that revert, beside the folder of the others.
const ROLLBACK: &str = "rollback";
/// The file with which the Supabase CLI fills a new database, beside the folder of migrations.
const SEED: &str = "seed.sql";

/// Write the migrations as SQL, for psql or a Supabase project
///
/// Applying them has the same result as `forebay db up`, and Forebay knows them as applied afterwards. Needs no
/// database.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db export --sql | psql --single-transaction -v ON_ERROR_STOP=1 \"$DATABASE_URL\"
  forebay db export --supabase supabase/migrations && supabase db push
  forebay db export --supabase supabase/migrations --api
  forebay db export --supabase supabase/migrations --seed && supabase db reset")]
#[command(group = clap::ArgGroup::new("form").required(true))]
pub(crate) struct Args {
    /// Print one script with all migrations
    #[arg(long, group = "form")]
    pub(crate) sql: bool,

    /// Write a file for each migration to the folder, for `supabase db push`; the files that revert go to ../rollback
    #[arg(long, value_name = "DIR", group = "form")]
    pub(crate) supabase: Option<PathBuf>,

    /// Also export the profile `api`, the schema to expose [default: `forebay_api`]
    #[arg(
        long,
        value_name = "SCHEMA",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = profiles::API_SCHEMA,
        value_parser = values::schema
    )]
    pub(crate) api: Option<SchemaName>,

    /// Also write the made-up data of `forebay db seed`, to ../seed.sql
    #[arg(long, conflicts_with = "sql")]
    pub(crate) seed: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (mut scripts, mut rollbacks) = (migrations::scripts(), migrations::rollbacks());
    if let Some(schema) = &args.api {
        let [script, rollback] = migrations::api_scripts(schema);
        scripts.push(script);
        rollbacks.insert(0, rollback);
    }
    let exported = match &args.supabase {
        None => ExportedMigrations {
            sql: Some(scripts.into_iter().map(|file| file.text).collect::<Vec<_>>().join("\n")),
            files: Vec::new(),
            rollback_files: Vec::new(),
            seed_file: None,
            num_written: 0,
        },
        Some(folder) => files(folder, scripts, rollbacks, args.seed)?,
    };
    context.ui.show(&exported)?;
    Ok(Exit::Done)
}

/// Writes the files. A file that exists with other text was edited, or another version wrote it: error `file_exists`,
/// and nothing is written.
fn files(
    folder: &Path,
    scripts: Vec<SqlFile>,
    rollbacks: Vec<SqlFile>,
    with_seed: bool,
) -> Result<ExportedMigrations, Failure> {
    let parent = folder.parent().unwrap_or(folder);
    let beside = parent.join(ROLLBACK);
    if folder == beside {
        let message = format!("{} is the folder of the files that revert", folder.display());
        return Err(Failure::usage("usage", message).hint("name another folder, such as supabase/migrations"));
    }
    let seed = with_seed.then(|| SqlFile { name: SEED.to_owned(), text: SEED_SQL.to_owned() });
    let (mut missing, mut names) = (Vec::new(), [Vec::new(), Vec::new(), Vec::new()]);
    let groups = [(folder, scripts), (&beside, rollbacks), (parent, seed.into_iter().collect())];
    for ((folder, files), names) in groups.into_iter().zip(&mut names) {
        for SqlFile { name, text } in files {
            let path = folder.join(name);
            names.push(path.display().to_string());
            match fs::read_to_string(&path) {
                Ok(found) if found == text => {}
                Ok(_) => return Err(differs(&path)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push((path, text)),
                Err(error) => return Err(Failure::file("read", &path, &error)),
            }
        }
    }
    for folder in [folder, &beside] {
        fs::create_dir_all(folder).map_err(|error| Failure::file("created", folder, &error))?;
    }
    for (path, text) in &missing {
        fs::write(path, text).map_err(|error| Failure::file("written", path, &error))?;
    }
    let [files, rollback_files, mut seed_file] = names;
    Ok(ExportedMigrations {
        sql: None,
        files,
        rollback_files,
        seed_file: seed_file.pop(),
        num_written: missing.len() as u64,
    })
}

fn differs(path: &Path) -> Failure {
    let message = format!("{} exists with other statements", path.display());
    Failure::usage("file_exists", message)
        .hint("if it was not applied anywhere, remove it and run this again; otherwise keep it")
}

impl Report for ExportedMigrations {
    fn write(&self, page: &mut Page) {
        if let Some(sql) = &self.sql {
            page.line(sql.trim_end());
            return;
        }
        for file in self.files.iter().chain(&self.seed_file) {
            page.line(file);
        }
        let total = self.files.len() + self.rollback_files.len() + self.seed_file.iter().len();
        let rollback = self.rollback_files.first().and_then(|file| Path::new(file).parent());
        let rollback = rollback.map(|folder| folder.display().to_string()).unwrap_or_default();
        page.line(&format!(
            "wrote {} of {total}; those that revert are in {rollback}",
            format::counted(self.num_written, "file")
        ));
    }
}

//! `forebay db status`: which migrations are applied, and whether they drifted.

use forebay_store::{
    cluster::Cluster,
    connect::{Database, Target},
    migrations::{self, MigrationState, MigrationStatus},
};
use forebay_views::{DatabaseKind, DatabasePlace, DbStatus, Migration};

use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, Table, Tone, format, table::Column},
};

/// Show the database, its schema version and pending migrations
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db status
  forebay db status --output json")]
pub(crate) struct Args {}

/// Runs the command. Starts the private cluster if necessary; migrates nothing.
pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    context.report_bare(async |database| look(context, database).await).await
}

async fn look(context: &Context, database: &Database) -> Result<DbStatus, Failure> {
    let client = database.client().await?;
    let lines = migrations::status(&client).await?;
    let (kind, data_dir) = match context.target()? {
        Target::Url(_) => (DatabaseKind::Configured, None),
        Target::Embedded { data_dir } => (DatabaseKind::Embedded, Some(data_dir.display().to_string())),
    };
    let is_pending = |line: &&MigrationStatus| line.state == MigrationState::Pending;
    Ok(DbStatus {
        database: DatabasePlace {
            kind: kind.to_string(),
            target: database.target().to_owned(),
            configured_by: context.configured_by()?,
            data_dir,
            port: database.cluster().and_then(Cluster::port),
        },
        version: lines.iter().filter(|line| !is_pending(line)).map(|line| line.version).max().unwrap_or(0),
        num_pending: lines.iter().filter(is_pending).count() as u64,
        migrations: lines.into_iter().map(Migration::from).collect(),
    })
}

impl Report for DbStatus {
    fn write(&self, page: &mut Page) {
        let DatabasePlace { target, configured_by, data_dir, port, .. } = &self.database;
        let place = match (data_dir, configured_by) {
            (Some(data_dir), _) => format!("private, in {data_dir}"),
            (None, Some(name)) => format!("{target}, configured by {name}"),
            (None, None) => target.clone(),
        };
        let pending = match self.num_pending {
            0 => String::new(),
            count => format!(", {count} pending: run `forebay db up`"),
        };
        let mut fields = vec![("database", place)];
        fields.extend(port.map(|port| ("port", format!("127.0.0.1:{port}"))));
        fields.push(("schema", format!("version {}{pending}", self.version)));
        page.fields(fields);
        page.line("");
        let columns =
            [Column::number("version"), Column::text("name"), Column::text("state"), Column::text("applied")];
        let mut table = Table::new(columns);
        for line in &self.migrations {
            let tone =
                if line.state == MigrationState::Applied.as_str() { Tone::Good } else { Tone::Warning };
            let applied = line.applied_at.map(|at| format::timestamp(at.get())).unwrap_or_default();
            table.toned_row(tone, [line.version.to_string(), line.name.clone(), line.state.clone(), applied]);
        }
        page.table(&table, "no migrations");
    }
}

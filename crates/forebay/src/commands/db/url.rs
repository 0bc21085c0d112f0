//! `forebay db url`: how other programs connect.

use forebay_store::{cluster::Cluster, connect::Database};
use forebay_views::DatabaseUrl;

use super::tools::connection;
use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report},
};

/// Print the URL of the database, without a password
///
/// The private Postgres runs only while Forebay uses it: `forebay db start` keeps it running for other programs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db url
  psql \"$(forebay db url)\"
  forebay db url --tcp")]
pub(crate) struct Args {
    /// The URL of the private Postgres's TCP port, which `forebay db start --port` opens
    #[arg(long)]
    pub(crate) tcp: bool,

    /// Include the password: everyone who sees the output can connect
    #[arg(long, requires = "tcp")]
    pub(crate) with_password: bool,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let url = context
        .with_bare_database(async |database| {
            if args.tcp { tcp(args, context, database).await } else { of(context, database).await }
        })
        .await?;
    context.ui.show(&url)?;
    if !url.is_kept {
        context.ui.note("the private Postgres stops when the last Forebay process ends; `forebay db start` keeps it running");
    }
    if let (Some(port), Some(file)) = (url.port, &url.password_file) {
        context.ui.note(&match (args.tcp, args.with_password) {
            (false, _) => {
                format!("it also listens on 127.0.0.1:{port}; `forebay db url --tcp` prints that URL")
            }
            (true, false) => format!("the password is in {file}; --with-password includes it"),
            (true, true) => format!("the URL contains the password from {file}"),
        });
    }
    Ok(Exit::Done)
}

/// The URL of an open database.
pub(super) async fn of(context: &Context, database: &Database) -> Result<DatabaseUrl, Failure> {
    let (libpq, _) = connection(context, database).await?;
    let cluster = database.cluster();
    let port = cluster.and_then(Cluster::port);
    let password_file = port.and(cluster).map(|cluster| cluster.password_file().display().to_string());
    let is_kept = cluster.is_none_or(Cluster::is_kept);
    Ok(DatabaseUrl { url: libpq.url, has_password: libpq.has_password, is_kept, port, password_file })
}

/// The URL of the private cluster's port. Errors: `database_configured`, `no_port`.
async fn tcp(args: &Args, context: &Context, database: &Database) -> Result<DatabaseUrl, Failure> {
    let url = of(context, database).await?;
    let Some(cluster) = database.cluster() else {
        let message = "a database is configured, and --tcp is for the private Postgres";
        return Err(Failure::usage("database_configured", message).hint("omit --tcp"));
    };
    let Some(port) = url.port else {
        return Err(Failure::usage("no_port", "the private Postgres listens only on its socket")
            .hint("open a port with `forebay db start --port 5433`"));
    };
    let password = if args.with_password { format!(":{}", cluster.password()?) } else { String::new() };
    Ok(DatabaseUrl {
        url: format!("postgresql://forebay{password}@127.0.0.1:{port}/forebay"),
        has_password: !args.with_password,
        ..url
    })
}

impl Report for DatabaseUrl {
    fn write(&self, page: &mut Page) {
        page.line(&self.url);
    }
}

//! `forebay db start`: keeps the private cluster running.

use forebay_store::{
    cluster::{self, Cluster},
    connect::{Database, Target},
};
use forebay_views::DatabaseUrl;

use super::url;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Start the private Postgres and keep it running until `forebay db stop`
///
/// Prints its URL. It listens on a socket in a private folder, so it needs no password and other users can't connect.
/// With --port, it also listens on 127.0.0.1, with a password. Has no effect on a configured database.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db start
  psql \"$(forebay db url)\"
  forebay db start --port 5433")]
pub(crate) struct Args {
    /// Also listen on this TCP port of 127.0.0.1, until `forebay db stop`
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1024..))]
    pub(crate) port: Option<u16>,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let target = context.target()?;
    if let (Some(port), Target::Embedded { data_dir }) = (args.port, &target) {
        cluster::listen(data_dir, port).await?;
    }
    let started = start(args, context).await;
    if let (Err(_), Some(_), Target::Embedded { data_dir }) = (&started, args.port, &target) {
        // Otherwise every later command would fail with the port. The first error is the one to report.
        let _ = cluster::stop(data_dir, false).await;
    }
    let url = started?;
    context.ui.show(&url)?;
    match (&target, url.port) {
        (Target::Url(_), _) => {
            context.ui.note("a database is configured; Forebay doesn't start configured databases");
        }
        (Target::Embedded { .. }, Some(port)) => {
            let already = if args.port.is_none() { "already " } else { "" };
            context.ui.note(&format!(
                "it {already}listens on 127.0.0.1:{port} until `forebay db stop`; `forebay db url --tcp` prints that URL, \
                 and the password is in {}",
                url.password_file.as_deref().unwrap_or_default()
            ));
        }
        (Target::Embedded { .. }, None) => {}
    }
    Ok(Exit::Done)
}

async fn start(args: &Args, context: &Context) -> Result<DatabaseUrl, Failure> {
    context.with_database(async |database| keep(args, context, database).await).await
}

async fn keep(args: &Args, context: &Context, database: &Database) -> Result<DatabaseUrl, Failure> {
    if let Some(cluster) = database.cluster() {
        check_port(args, cluster)?;
        cluster.keep().await?;
        if cluster.port().is_some() {
            cluster.set_password().await?;
        }
    }
    url::of(context, database).await
}

/// Another program may have taken the port in between.
fn check_port(args: &Args, cluster: &Cluster) -> Result<(), Failure> {
    match args.port {
        Some(port) if cluster.port() != Some(port) => Err(forebay_store::Error::ClusterPort { port }.into()),
        _ => Ok(()),
    }
}

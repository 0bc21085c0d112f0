//! `forebay db stop`: stops the private cluster.

use forebay_store::{
    Error,
    cluster::{self, Stopped},
    connect::Target,
};
use forebay_views::ClusterStop;

use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report},
};

/// Stop the private Postgres
///
/// Keeps its data; the next command starts it again. Has no effect on a configured database.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db stop")]
pub(crate) struct Args {}

/// Runs the command. If other processes use the cluster, it keeps running: error `busy`.
pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let report = match context.target()? {
        Target::Url(_) => {
            ClusterStop { is_stopped: false, reason_code: "configured".to_owned(), data_dir: None }
        }
        Target::Embedded { data_dir } => {
            let stopped = cluster::stop(&data_dir, false).await.map_err(still_used)?;
            let reason_code = match stopped {
                Stopped::Stopped => "stopped",
                Stopped::NotRunning => "not_running",
            };
            let data_dir = Some(data_dir.display().to_string());
            ClusterStop {
                is_stopped: stopped == Stopped::Stopped,
                reason_code: reason_code.to_owned(),
                data_dir,
            }
        }
    };
    context.ui.show(&report)?;
    Ok(Exit::Done)
}

fn still_used(error: Error) -> Failure {
    let is_busy = matches!(error, Error::Busy { .. });
    let failure = Failure::from(error);
    if is_busy {
        return failure.hint("other Forebay processes use it; it stops by itself when the last of them ends");
    }
    failure
}

impl Report for ClusterStop {
    fn write(&self, page: &mut Page) {
        let data_dir = self.data_dir.as_deref().unwrap_or_default();
        page.line(&match self.reason_code.as_str() {
            "stopped" => format!("stopped the private Postgres in {data_dir}; its data stays"),
            "not_running" => format!("no private Postgres is running in {data_dir}"),
            _ => "a database is configured, and Forebay does not stop that".to_owned(),
        });
    }
}

//! `forebay db stop`: stops the private cluster.

use forebay_store::{
    Error,
    cluster::{self, Stopped},
    connect::Target,
};
use forebay_views::{ClusterStop, StopReason};

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
    let (reason, data_dir) = match context.target()? {
        Target::Url(_) => (StopReason::Configured, None),
        Target::Embedded { data_dir } => {
            let reason = match cluster::stop(&data_dir, false).await.map_err(still_used)? {
                Stopped::Stopped => StopReason::Stopped,
                Stopped::NotRunning => StopReason::NotRunning,
            };
            (reason, Some(data_dir.display().to_string()))
        }
    };
    let report =
        ClusterStop { is_stopped: reason == StopReason::Stopped, reason_code: reason.to_string(), data_dir };
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
        page.line(&match StopReason::parse(&self.reason_code) {
            Some(StopReason::Stopped) => {
                format!("stopped the private Postgres in {data_dir}; its data is kept")
            }
            Some(StopReason::NotRunning) => format!("no private Postgres is running in {data_dir}"),
            Some(StopReason::Configured) | None => {
                "a database is configured; Forebay doesn't stop configured databases".to_owned()
            }
        });
    }
}

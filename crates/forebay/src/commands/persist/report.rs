//! The human form of the runs of `forebay persist`.

use forebay_domain::run::RunStatus;
use forebay_views::PersistReport;

use crate::{
    commands::runs::write_ended,
    failure::Exit,
    ui::{Page, Report, Tone},
};

impl Report for PersistReport {
    fn write(&self, page: &mut Page) {
        for run in &self.runs {
            write_ended(page, run);
        }
        for failed in &self.failed {
            page.toned(Tone::Bad, &format!("{} could not be read", failed.input));
            page.error(&failed.error);
        }
    }
}

/// The exit code for runs with these statuses: the worst decides.
pub(crate) fn exit<'a>(statuses: impl Iterator<Item = &'a str>) -> Exit {
    statuses.fold(Exit::Done, |worst, status| match (RunStatus::parse(status), worst) {
        (Some(RunStatus::Failed), _) | (_, Exit::Failed) => Exit::Failed,
        (Some(RunStatus::Held), _) | (_, Exit::Held) => Exit::Held,
        (Some(RunStatus::Partial), _) | (_, Exit::Partial) => Exit::Partial,
        _ => Exit::Done,
    })
}

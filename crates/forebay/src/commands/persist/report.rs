//! The human form of the runs of `forebay persist`.

use forebay_views::PersistReport;

use crate::{
    commands::runs::write_ended,
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

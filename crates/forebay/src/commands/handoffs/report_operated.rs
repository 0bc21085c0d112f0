//! The human form of an operation's result.

use forebay_store::handoffs::OperationName;
use forebay_views::Operated;

use super::pause::sentence;
use crate::{
    failure::Exit,
    ui::{Page, Report, Table, Tone, format, table::Column},
};

/// An operation fails if all selected hand-offs refused it.
pub(super) fn exit(operated: &Operated) -> Exit {
    if operated.num_done == 0 && !operated.refused.is_empty() { Exit::Failed } else { Exit::Done }
}

impl Report for Operated {
    fn write(&self, page: &mut Page) {
        let done = if self.is_dry_run { "would be changed (dry run)" } else { "done" };
        page.line(&format!("{}: {} {done}", self.operation, format::count(self.num_done)));
        if !self.done.is_empty() {
            let mut table = Table::new([
                Column::text("was"),
                Column::text("pipeline"),
                Column::text("reason_code"),
                Column::text("failure_code"),
                Column::number("hand-offs"),
            ]);
            for done in &self.done {
                table.row([
                    done.state.clone(),
                    done.pipeline.clone(),
                    done.reason_code.clone(),
                    done.failure_code.as_deref().map_or_else(format::none, format::plain),
                    format::count(done.num_handoffs),
                ]);
            }
            page.table(&table, "none");
        }
        if self.operation == OperationName::Retry.as_str() {
            for pause in &self.pauses {
                page.toned(Tone::Warning, &format!("{}; the hand-offs wait for that", sentence(pause)));
            }
        }
        for refused in &self.refused {
            let count = format::count(refused.num_handoffs);
            page.toned(
                Tone::Warning,
                &format!("{count} refused, {}: {}", refused.reason_code, refused.message),
            );
        }
    }
}

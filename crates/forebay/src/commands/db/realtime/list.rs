//! `forebay db realtime list`: the tables that can be published.

use forebay_store::realtime;
use forebay_views::{Page, RealtimeTable};

use crate::ui::{self, Report, Table, table::Column};

/// List the tables that can be published, and which are
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db realtime list")]
pub(crate) struct Args {}

/// What each command of this group shows.
pub(super) fn page(tables: Vec<realtime::RealtimeTable>) -> Page<RealtimeTable> {
    tables.into_iter().map(RealtimeTable::from).collect::<Vec<_>>().into()
}

impl Report for Page<RealtimeTable> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([Column::text("table"), Column::text("published")]);
        for item in &self.items {
            let published = if item.is_published { "yes" } else { "no" };
            table.row([item.table.clone(), published.to_owned()]);
        }
        page.table(&table, "no tables");
    }
}

//! The stream of changes, for readers that follow it: nothing is missed and nothing is read twice.
//!
//! A change becomes part of the stream when its run ends. Ends are numbered in the order in which they become visible
//! (`run_ends` in `0002_references`), so after a reader has seen an end, no earlier one can appear. A run that was held
//! and then released ends twice, each time with the changes that were applied since.

use forebay_domain::identity::ReferenceId;
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Transaction, types::Type};

use super::change::{self, BEFORE_ALL, Change};
use crate::{error::Result, row::ReadRow, types::SqlId};

/// Reads the changes of runs in the order in which they ended.
pub const STREAM: &str = include_str!("stream.sql");

/// The last end before a time. Later ends have no earlier times.
pub const SINCE: &str =
    "select end_id from forebay.run_ends where ended_at < $1 order by ended_at desc, end_id desc limit 1";

/// The position after every reference of an end.
const AFTER_ALL: ReferenceId = ReferenceId([0xff; 16]);

/// Selects changes of the stream.
#[derive(Clone, Debug, Default)]
pub struct StreamFilter {
    /// Only of this source.
    pub source: Option<String>,
    /// Only of sources of this entity type.
    pub entity_type: Option<String>,
}

/// A position in the stream: after this reference of this end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamCursor {
    /// The end; 0: before the first.
    pub end_id: i64,
    /// The reference.
    pub reference_id: ReferenceId,
}

/// A part of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPage {
    /// The changes, oldest end first, each with its position. There may be none although more follow.
    pub items: Vec<(StreamCursor, Change)>,
    /// Where to continue.
    pub next: StreamCursor,
    /// Whether the end of the stream is reached for now.
    pub is_last: bool,
}

impl StreamCursor {
    /// Before the first change.
    pub const START: Self = Self { end_id: 0, reference_id: BEFORE_ALL };

    /// After everything that is in the stream.
    pub async fn now(client: &impl GenericClient) -> Result<Self> {
        Ok(Self { end_id: last(client).await?, reference_id: AFTER_ALL })
    }

    /// Before the runs that ended at this time or later.
    pub async fn since(client: &impl GenericClient, time: Timestamp) -> Result<Self> {
        let row = client.query_typed_opt(SINCE, &[(&time, Type::TIMESTAMPTZ)]).await?;
        let end_id = row.map_or(Ok(0), |row| row.read("end_id"))?;
        Ok(Self { end_id, reference_id: AFTER_ALL })
    }

    /// Whether this position is beyond what this database has: it comes from another one, or an older state of it was
    /// restored.
    pub async fn is_ahead(&self, client: &impl GenericClient) -> Result<bool> {
        Ok(self.end_id > last(client).await?)
    }
}

/// The number of the last end; 0: there is none.
async fn last(client: &impl GenericClient) -> Result<i64> {
    let statement = "select coalesce(max(end_id), 0) as end_id from forebay.run_ends";
    client.query_typed_one(statement, &[]).await?.read("end_id")
}

/// At most `limit` changes after a position, the oldest first. Needs a transaction with one snapshot
/// ([`crate::export::snapshot`]), and sets planner options in it.
pub async fn stream(
    transaction: &Transaction<'_>,
    filter: &StreamFilter,
    from: StreamCursor,
    limit: u32,
) -> Result<StreamPage> {
    // A wrong estimate of a run's additions must not cause a full scan, so only index lookups are allowed.
    transaction.batch_execute("set local enable_seqscan = off; set local enable_hashjoin = off").await?;
    let last = last(transaction).await?;
    let rows = transaction
        .query_typed(
            STREAM,
            &[
                (&from.end_id, Type::INT8),
                (&SqlId(from.reference_id), Type::UUID),
                (&filter.source, Type::TEXT),
                (&filter.entity_type, Type::TEXT),
                (&i64::from(limit), Type::INT8),
            ],
        )
        .await?;
    let mut page = StreamPage { items: Vec::new(), next: from, is_last: rows.len() < limit as usize };
    for row in &rows {
        let end_id: i64 = row.read("end_id")?;
        let Some(SqlId(reference_id)) = row.read("reference_id")? else {
            // Nothing of this end is left to show.
            page.next = StreamCursor { end_id, reference_id: AFTER_ALL };
            continue;
        };
        page.next = StreamCursor { end_id, reference_id };
        page.items.extend(change::from_row(row, reference_id)?.map(|change| (page.next, change)));
    }
    if page.is_last && last >= from.end_id {
        // Everything up to here was read, also the ends that the filter leaves out.
        page.next = StreamCursor { end_id: last, reference_id: AFTER_ALL };
    }
    Ok(page)
}

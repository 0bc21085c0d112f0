//! Reads the log of webhooks' requests.

use forebay_store::{
    connect::Client,
    deliveries::{self, DeliveryFilter},
};

use crate::{Delivery, Page, cursor, failure::Failure, names};

/// A page of the deliveries that a filter selects, newest first. `reference`: only of this one. Errors:
/// `no_such_pipeline`, `cursor_invalid`, and those of [`names::reference`].
pub async fn page(
    client: &Client,
    filter: DeliveryFilter,
    reference: Option<&str>,
    after: Option<&str>,
) -> Result<Page<Delivery>, Failure> {
    let limit = filter.limit;
    let before = after.map(cursor::read).transpose()?;
    names::pipelines(client, &filter.pipeline).await?;
    let reference_id = match reference {
        Some(name) => Some(names::reference(client, name).await?.reference_id),
        None => None,
    };
    // One more than the limit shows whether there are more.
    let filter = DeliveryFilter { reference_id, before, limit: limit + 1, ..filter };
    let rows = deliveries::list(&***client, &filter).await?;
    cursor::page(rows, limit, |last| (last.delivery.sent_at, last.delivery_id))
}

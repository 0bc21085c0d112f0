//! References in a size that fits a model's context, for tools and resources.

use forebay_engine::payload::Shaper;
use forebay_store::history::ReferenceRow;
use forebay_views::{Json, Reference, ReferenceExcerpt, failure::Failure};
use jiff::Timestamp;
use serde_json::Value;

/// The prefix of a reference's URI.
pub(crate) const REFERENCE_URI: &str = "forebay://reference/";
/// Maximum bytes of the lineage.
const LINEAGE_BYTES: usize = 4 * 1024;
/// Maximum characters of one text in the lineage.
const LINEAGE_CHARS: usize = 4000;

/// A reference with its current payload, or its payload `at` a time.
pub(crate) fn excerpt(
    row: &ReferenceRow,
    payload: &str,
    at: Option<Timestamp>,
    fields: &[String],
    mut shaper: Shaper,
) -> Result<ReferenceExcerpt, Failure> {
    let uri = format!("{REFERENCE_URI}{}", row.reference_id);
    let payload = shaper.object(payload, fields)?;
    let mut notices =
        shaper.notices(&format!("use `fields` to select some, or read up to 1 MiB from the resource {uri}"));
    if let Some(missing) = fields.iter().find(|field| !payload.contains_key(*field)) {
        notices.push(format!("the payload has no field {missing:?}, or it did not fit"));
    }
    let mut of_lineage = Shaper::new(LINEAGE_BYTES, LINEAGE_CHARS);
    let lineage = Value::Object(of_lineage.object(&row.lineage, &[])?);
    Ok(ReferenceExcerpt {
        reference: Reference::new(row, Json::from(&lineage), Json::from(&Value::Object(payload))),
        uri,
        at: at.map(Into::into),
        is_cut: shaper.is_cut() || of_lineage.is_cut(),
        notices,
    })
}

//! The history of one reference.

use forebay_domain::diff;
use forebay_engine::{Result, payload::Canonical};
use forebay_store::history::{ReferenceRow, VersionEvent};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    json::Json,
    page::Page,
    reference::{Reference, ReferenceSummary},
    time::Time,
    version::{FieldChange, Version},
};

/// A reference with its whole history.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// The reference as it is now.
    pub reference: Reference,
    /// Its versions, oldest first.
    pub versions: Vec<Version>,
}

/// A reference with part of its history.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct HistoryPage {
    /// The reference as it is now.
    pub reference: ReferenceSummary,
    /// Its versions, newest first. A version whose fields do not fit on one page continues on the next.
    pub versions: Page<Version>,
}

/// A reference at a point in time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PointInTime {
    /// The reference as it is now.
    pub reference: ReferenceSummary,
    /// The point in time.
    pub at: Time,
    /// The record as observed at that time, as an object.
    pub payload: Json,
}

impl History {
    /// A reference with its versions, values in canonical form.
    ///
    /// # Errors
    /// A stored value is not JSON.
    pub fn new(reference: &ReferenceRow, events: Vec<VersionEvent>) -> Result<Self> {
        let canonical = &mut Canonical::new();
        let versions = events.into_iter().map(|event| version(event, canonical)).collect::<Result<_>>()?;
        Ok(Self { reference: Reference::canonical(reference, canonical)?, versions })
    }
}

fn version(event: VersionEvent, canonical: &mut Canonical) -> Result<Version> {
    let mut field = |change: diff::FieldChange| {
        let mut value = |text: Option<String>| text.map(|text| Json::canonical(&text, canonical)).transpose();
        Ok(FieldChange::new(change.field, value(change.old)?, value(change.new)?, false))
    };
    let fields = event.fields.into_iter().map(&mut field).collect::<Result<_>>()?;
    Ok(Version::new(event.at, event.run_id, event.change, event.version, fields))
}

impl PointInTime {
    /// A reference with its payload at a point in time.
    ///
    /// # Errors The payload is not JSON.
    pub fn new(reference: &ReferenceRow, at: Timestamp, payload: &str) -> Result<Self> {
        let payload = Json::canonical(payload, &mut Canonical::new())?;
        Ok(Self { reference: reference.into(), at: at.into(), payload })
    }
}

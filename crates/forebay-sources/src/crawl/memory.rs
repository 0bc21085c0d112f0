//! What earlier crawls stored about pages.

use std::{collections::BTreeMap, future::Future};

use forebay_domain::identity::ReferenceId;
use jiff::Timestamp;

use crate::{fetch::Validators, page::Link};

/// What an earlier crawl stored about a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownPage {
    /// The validators for a conditional request.
    pub validators: Validators,
    /// Until when no request is needed.
    pub fresh_until: Option<Timestamp>,
    /// The references of its records.
    pub reference_ids: Vec<ReferenceId>,
    /// For each field, how many of its records had a value.
    pub field_counts: BTreeMap<String, u64>,
    /// Its links.
    pub links: Vec<Link>,
}

/// Looks up what earlier crawls stored about pages.
pub trait Memory: Send + Sync + 'static {
    /// What is known about each of these pages. A page counts as known only if its records are stored as the page
    /// yielded them, and it was read with the current settings.
    fn recall(&self, links: &[Link]) -> impl Future<Output = Vec<Option<KnownPage>>> + Send;

    /// Whether a later crawl may rely on this one. If not, pages are returned without validators, so that they are not
    /// remembered.
    fn keeps(&self) -> bool {
        true
    }
}

/// No memory: every page is fetched and read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgetful;

impl Memory for Forgetful {
    async fn recall(&self, links: &[Link]) -> Vec<Option<KnownPage>> {
        vec![None; links.len()]
    }
}

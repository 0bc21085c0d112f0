//! Remembers the pages of earlier runs, so that a crawl can ask servers whether they have changed.

use std::{collections::HashMap, sync::Arc};

use forebay_sources::{
    Link, LinkKey,
    crawl::{KnownPage, Memory},
    fetch::Validators,
};
use forebay_store::{
    connect::Database,
    pages::{self, PageEntry},
};

/// The pages of a source in the database.
#[derive(Debug)]
pub(super) struct PageMemory {
    /// `None`: no page is remembered, and every page is read.
    pub(super) database: Option<Arc<Database>>,
    pub(super) source_id: i32,
    /// Pages read with another parser version are ignored: this version may read them differently.
    pub(super) parser_version: i32,
    /// The scope of the run.
    pub(super) scope: String,
    /// Whether pages that this run reads may be remembered.
    pub(super) keeps: bool,
    /// Whether pages are requested even if the server declared them still fresh.
    pub(super) revalidates: bool,
}

impl Memory for PageMemory {
    /// If the database cannot be read, all pages are read again, which is always correct.
    async fn recall(&self, links: &[Link]) -> Vec<Option<KnownPage>> {
        let known = self.find(links).await.unwrap_or_default();
        links.iter().map(|link| known.get(&link.key()).cloned()).collect()
    }

    fn keeps(&self) -> bool {
        self.keeps
    }
}

impl PageMemory {
    async fn find(&self, links: &[Link]) -> forebay_store::Result<HashMap<[u8; 32], KnownPage>> {
        let Some(database) = &self.database else { return Ok(HashMap::new()) };
        let keys: Vec<[u8; 32]> = links.iter().map(Link::key).collect();
        let client = database.client().await?;
        let entries = pages::find(&**client, self.source_id, self.parser_version, &self.scope, &keys).await?;
        Ok(entries.into_iter().filter_map(|entry| Some((entry.key, self.known(entry)?))).collect())
    }

    /// The remembered state of the file that is the whole scope. Also `None` if the database cannot be read.
    pub(super) async fn file(&self, key: LinkKey) -> Option<KnownPage> {
        let client = self.database.as_ref()?.client().await.ok()?;
        let found = pages::find_file(&**client, self.source_id, self.parser_version, &self.scope, key).await;
        self.known(found.ok()??)
    }

    /// `None` if its stored links cannot be read, because part of the site would be missed without them.
    fn known(&self, entry: PageEntry) -> Option<KnownPage> {
        Some(KnownPage {
            validators: Validators { etag: entry.etag, last_modified: entry.last_modified },
            fresh_until: entry.fresh_until.filter(|_| !self.revalidates),
            reference_ids: entry.reference_ids,
            field_counts: entry.field_counts,
            links: serde_json::from_value(entry.links).ok()?,
        })
    }
}

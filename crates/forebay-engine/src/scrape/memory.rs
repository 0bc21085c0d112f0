//! What earlier runs found on pages, so a crawl can ask whether they have changed.

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
    /// None: nothing is taken from memory, and every page is read.
    pub(super) database: Option<Arc<Database>>,
    pub(super) source_id: i32,
    /// Pages read by another version of the parser do not count: this one may find something else on them.
    pub(super) parser_version: i32,
    /// The scope of the run.
    pub(super) scope: String,
    /// Pages that this run reads may be remembered.
    pub(super) keeps: bool,
    /// Pages are requested even if their server said that they are still fresh.
    pub(super) revalidates: bool,
}

impl Memory for PageMemory {
    /// If the database cannot be read, all pages are read, which is never wrong.
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

    /// What is known of the file that is the whole scope. None also if the database cannot be read.
    pub(super) async fn file(&self, key: LinkKey) -> Option<KnownPage> {
        let client = self.database.as_ref()?.client().await.ok()?;
        let found = pages::find_file(&**client, self.source_id, self.parser_version, &self.scope, key).await;
        self.known(found.ok()??)
    }

    /// None if its stored links cannot be read, because without them a part of the site would be missed.
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

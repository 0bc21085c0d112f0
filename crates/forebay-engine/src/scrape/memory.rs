//! What earlier runs found on pages, for a crawl that asks whether they have changed.

use std::{collections::HashMap, sync::Arc};

use forebay_sources::{
    Link,
    crawl::{KnownPage, Memory},
    fetch::Validators,
};
use forebay_store::{connect::Database, pages};

/// The pages of a source in the database.
#[derive(Debug)]
pub(super) struct PageMemory {
    /// The database; None: nothing is remembered, and every page is read.
    pub(super) database: Option<Arc<Database>>,
    pub(super) source_id: i32,
    /// What another version of the parser found on a page says nothing of what this one would find.
    pub(super) parser_version: i32,
    /// What servers said of how long a page stays as it is does not count.
    pub(super) revalidates: bool,
}

impl Memory for PageMemory {
    /// A database that cannot be asked is no reason to stop: the pages are read then, which is never wrong.
    async fn recall(&self, links: &[Link]) -> Vec<Option<KnownPage>> {
        let known = self.find(links).await.unwrap_or_default();
        links.iter().map(|link| known.get(&link.key()).cloned()).collect()
    }
}

impl PageMemory {
    async fn find(&self, links: &[Link]) -> forebay_store::Result<HashMap<[u8; 32], KnownPage>> {
        let Some(database) = &self.database else { return Ok(HashMap::new()) };
        let keys: Vec<[u8; 32]> = links.iter().map(Link::key).collect();
        let client = database.client().await?;
        let entries = pages::find(&**client, self.source_id, self.parser_version, &keys).await?;
        let known = entries.into_iter().filter_map(|entry| {
            // Links that cannot be read any more would leave a part of the site out.
            let links = serde_json::from_value(entry.links).ok()?;
            let validators = Validators { etag: entry.etag, last_modified: entry.last_modified };
            let page = KnownPage {
                validators,
                fresh_until: entry.fresh_until.filter(|_| !self.revalidates),
                reference_ids: entry.reference_ids,
                field_counts: entry.field_counts,
                links,
            };
            Some((entry.key, page))
        });
        Ok(known.collect())
    }
}

//! What earlier runs found on pages, for a crawl that asks whether they have changed.

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
    /// The database; None: nothing is taken from memory, and every page is read.
    pub(super) database: Option<Arc<Database>>,
    pub(super) source_id: i32,
    /// What another version of the parser found on a page says nothing of what this one would find.
    pub(super) parser_version: i32,
    /// The scope of the run.
    pub(super) scope: String,
    /// What this run reads may be remembered.
    pub(super) keeps: bool,
    /// What servers said of how long a page stays as it is does not count.
    pub(super) revalidates: bool,
}

impl Memory for PageMemory {
    /// A database that cannot be asked is no reason to stop: the pages are read then, which is never wrong.
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

    /// What is known of the file that the scope is; None also where the database cannot be asked.
    pub(super) async fn file(&self, key: LinkKey) -> Option<KnownPage> {
        let client = self.database.as_ref()?.client().await.ok()?;
        let found = pages::find_file(&**client, self.source_id, self.parser_version, &self.scope, key).await;
        self.known(found.ok()??)
    }

    /// None: links that cannot be read any more would leave a part of the site out.
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

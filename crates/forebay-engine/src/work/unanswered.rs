//! Claims whose answer got lost with the connection: they may have been made, and would wait for their lease to end.
//!
//! The worker has chosen their receipts, so it can return them without an attempt. No other claim has the same receipt.

use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use forebay_store::{
    connect::Database,
    jobs::{self, Receipt},
};

use crate::error::Result;

/// The pipelines and receipts of such claims.
#[derive(Debug, Default)]
pub(super) struct Unanswered(Mutex<Vec<(String, Receipt)>>);

impl Unanswered {
    pub(super) fn add(&self, pipeline: &str, receipt: Receipt) {
        self.claims().push((pipeline.to_owned(), receipt));
    }

    /// Gives back what was claimed. What can't be given back now waits for the next time.
    pub(super) async fn give_back(&self, database: &Database) -> Result<()> {
        let mut claims = mem::take(&mut *self.claims());
        if claims.is_empty() {
            return Ok(());
        }
        let giving_back = async {
            let client = database.client().await?;
            while let Some((pipeline, receipt)) = claims.last() {
                if !jobs::give_back(&**client, pipeline, *receipt).await? {
                    break;
                }
                claims.pop();
            }
            Ok(())
        };
        let result = giving_back.await;
        self.claims().append(&mut claims);
        result
    }

    fn claims(&self) -> MutexGuard<'_, Vec<(String, Receipt)>> {
        // A claim is added as a whole, so a panic elsewhere leaves nothing to repair.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

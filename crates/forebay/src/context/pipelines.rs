//! Bringing the database's pipelines in line with `forebay.toml`, before anything is handed off or ingested.
//!
//! The file says which pipelines there are: one that is taken out of it is disabled, not deleted, because its table or
//! documents are still there and what waits for it is still promised. Without a file nothing is changed, so a command
//! that is run from another folder takes no pipeline away. The built-in `documents`, which makes every source
//! searchable, goes back to what it was unless the file names it.

use forebay_engine::work::{Declared, PipelineSpec, declare};
use forebay_store::{connect::Database, pipelines};

use super::Context;
use crate::{failure::Failure, ui::format};

/// The pipeline that every database has from its first migration on.
const BUILT_IN: &str = "documents";

impl Context {
    /// Declares the pipelines of the configuration. Writes nothing when they are as they were; what changes is told on
    /// standard error.
    pub(crate) async fn declare_pipelines(&self, database: &Database) -> Result<(), Failure> {
        let Some(config) = self.config_file()? else { return Ok(()) };
        let mut specs: Vec<PipelineSpec> =
            config.pipelines.iter().map(|(name, pipeline)| pipeline.declared_as(name)).collect();
        if !config.pipelines.contains_key(BUILT_IN) {
            specs.push(built_in());
        }
        for Declared { pipeline, num_handoffs } in declare(database, &specs).await? {
            let older = match num_handoffs {
                0 => String::new(),
                number => format!("; references older than it were handed off: {}", format::count(number)),
            };
            self.ui.note(&format!("pipeline {pipeline}: declared as the configuration says{older}"));
        }
        let client = database.client().await?;
        for stored in pipelines::list(&**client).await? {
            let is_named = specs.iter().any(|spec| spec.name == stored.spec.name);
            if is_named || !stored.spec.enabled {
                continue;
            }
            let disabled = PipelineSpec { enabled: false, ..stored.spec };
            pipelines::declare(&**client, &disabled).await?;
            self.ui.warn(&format!(
                "pipeline {} is not in {} any more: it is disabled, and what waits for it rests",
                disabled.name,
                self.config_path().display()
            ));
        }
        Ok(())
    }
}

fn built_in() -> PipelineSpec {
    PipelineSpec::new(BUILT_IN, "documents", serde_json::json!({}))
}

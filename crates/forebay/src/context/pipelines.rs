//! Updates the database's pipelines from `forebay.toml`, before references are handed off or ingested.
//!
//! Without a file nothing changes, so a command in another folder disables no pipeline.

use forebay_engine::work::{Declared, PipelineSpec, declare_all};
use forebay_store::connect::Database;

use super::Context;
use crate::{failure::Failure, ui::format};

impl Context {
    /// Declares the pipelines of the configuration, and reports changes on standard error. Writes nothing when they are
    /// up to date.
    pub(crate) async fn declare_pipelines(&self, database: &Database) -> Result<(), Failure> {
        let Some(config) = self.config_file()? else { return Ok(()) };
        let specs: Vec<PipelineSpec> =
            config.pipelines.iter().map(|(name, pipeline)| pipeline.declared_as(name)).collect();
        let declaration = declare_all(database, &specs).await?;
        for Declared { pipeline, num_handoffs } in declaration.changed {
            let older = match num_handoffs {
                0 => String::new(),
                number => format!("; handed off {} existing references", format::count(number)),
            };
            self.ui.note(&format!("pipeline {pipeline}: updated from the configuration{older}"));
        }
        for pipeline in declaration.disabled {
            self.ui.warn(&format!(
                "pipeline {pipeline} is no longer in {}: it is disabled, and its hand-offs wait",
                self.config_path().display()
            ));
        }
        Ok(())
    }
}

//! Copying the sources of `forebay.toml` to the database before a scrape.
//!
//! The copy is for operators and other tools; Forebay itself uses the file. Without a file nothing changes.

use forebay_engine::scrape;
use forebay_store::connect::Database;

use super::Context;
use crate::failure::Failure;

impl Context {
    /// Declares the sources and pipelines of the configuration, and reports changes on standard error. Writes nothing
    /// when they are up to date.
    pub(crate) async fn declare(&self, database: &Database) -> Result<(), Failure> {
        self.declare_sources(database).await?;
        self.declare_pipelines(database).await
    }

    async fn declare_sources(&self, database: &Database) -> Result<(), Failure> {
        let Some(config) = self.config_file()? else { return Ok(()) };
        let mirrored = scrape::declare(database, config.definitions()).await?;
        for source in &mirrored.changed {
            self.ui.note(&format!("source {source}: updated from the configuration"));
        }
        for source in &mirrored.left_out {
            self.ui.warn(&format!(
                "source {source} is no longer in {}: its stored data is kept",
                self.config_path().display()
            ));
        }
        Ok(())
    }
}

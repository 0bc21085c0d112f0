//! Mirroring the sources of `forebay.toml` in the database, before anything is scraped.
//!
//! The mirror is for operators and other tools; Forebay itself goes by the file. As with pipelines, the file says which
//! there are, and without a file nothing is changed.

use forebay_engine::scrape;
use forebay_store::connect::Database;

use super::Context;
use crate::failure::Failure;

impl Context {
    /// Declares the sources and pipelines of the configuration. Writes nothing when they are as they were; what changes
    /// is told on standard error.
    pub(crate) async fn declare(&self, database: &Database) -> Result<(), Failure> {
        self.declare_sources(database).await?;
        self.declare_pipelines(database).await
    }

    async fn declare_sources(&self, database: &Database) -> Result<(), Failure> {
        let Some(config) = self.config_file()? else { return Ok(()) };
        let mirrored = scrape::declare(database, config.definitions()).await?;
        for source in &mirrored.changed {
            self.ui.note(&format!("source {source}: declared as the configuration says"));
        }
        for source in &mirrored.left_out {
            self.ui.warn(&format!(
                "source {source} is not scraped by {} any more: what is stored of it stays",
                self.config_path().display()
            ));
        }
        Ok(())
    }
}

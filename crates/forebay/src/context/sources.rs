//! Declares the sources of `forebay.toml` in the database before a scrape.
//!
//! The copy is for operators and other tools; Forebay itself uses the file. Other sources of the database are not
//! touched: they may be those of another project.

use forebay_engine::{
    DeclarationError,
    scrape::{self, Scraper},
};
use forebay_store::{connect::Database, projects::DeclaredElsewhere, sources};

use super::Context;
use crate::{config::Config, failure::Failure};

impl Context {
    /// Declares the sources and pipelines of the configuration, and reports changes on standard error. Writes nothing
    /// when they are up to date. Returns the scraper without the sources of other projects.
    pub(crate) async fn declare(&self, scraper: &Scraper) -> Result<Scraper, Failure> {
        let elsewhere = self.declare_sources(&scraper.database).await?;
        self.declare_pipelines(&scraper.database).await?;
        Ok(scraper.without(&elsewhere))
    }

    /// Declares the sources of the configuration, and returns those that another project declared differently.
    pub(crate) async fn declare_sources(
        &self,
        database: &Database,
    ) -> Result<Vec<DeclaredElsewhere>, Failure> {
        let Some(config) = self.config_file()? else { return Ok(Vec::new()) };
        let mirrored = scrape::declare(database, config.definitions()).await?;
        let names: Vec<&str> = config.entity_types().into_keys().collect();
        let published: Vec<&str> = config.published().into_iter().collect();
        let project = config.project().unwrap_or_default();
        let client = database.client().await?;
        for source in sources::publish(&**client, project, &names, &published).await? {
            let is_published = published.contains(&source.as_str());
            let done = if is_published { "published" } else { "no longer published" };
            self.ui.note(&format!("source {source}: {done}, as in the configuration"));
        }
        for source in &mirrored.changed {
            self.ui.note(&format!("source {source}: declared as in the configuration"));
        }
        self.warn_elsewhere("source", &config, &mirrored.elsewhere);
        Ok(mirrored.elsewhere)
    }

    /// Warns of names that another project declared differently.
    pub(crate) fn warn_elsewhere(
        &self,
        what: &'static str,
        config: &Config,
        elsewhere: &[DeclaredElsewhere],
    ) {
        for DeclaredElsewhere { name, owner } in elsewhere {
            let error = DeclarationError::Elsewhere {
                what,
                name: name.clone(),
                owner: owner.clone(),
                project: config.project().unwrap_or_default().to_owned(),
            };
            let hint = error.hint().unwrap_or_default();
            self.ui.warn(&format!("{error} ({})\n  hint: {hint}", error.code()));
        }
    }
}

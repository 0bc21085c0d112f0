//! Declares the pipelines of `forebay.toml`, before references are handed off or ingested.
//!
//! Other pipelines of the database are not touched: they may be those of another project.

use forebay_engine::work::{Declared, SettingError, declare};
use forebay_store::connect::Database;

use super::Context;
use crate::{failure::Failure, ui::format};

impl Context {
    /// Declares the pipelines of the configuration, and reports changes on standard error. Writes nothing when they are
    /// up to date.
    pub(crate) async fn declare_pipelines(&self, database: &Database) -> Result<(), Failure> {
        let Some(config) = self.config_file()? else { return Ok(()) };
        let declaration = declare(database, &config.pipeline_specs()).await?;
        for Declared { pipeline, num_handoffs } in declaration.changed {
            let older = match num_handoffs {
                0 => String::new(),
                number => format!("; handed off {}", format::counted(number, "existing reference")),
            };
            self.ui.note(&format!("pipeline {pipeline}: declared as in the configuration{older}"));
        }
        self.warn_elsewhere("pipeline", &config, &declaration.elsewhere);
        self.warn_unready(&declaration.unready);
        Ok(())
    }

    /// Names the pipelines that can't work now. Other pipelines and this command go on.
    pub(crate) fn warn_unready(&self, unready: &[SettingError]) {
        for error in unready {
            self.ui.warn(&format!("{error}; its hand-offs wait"));
        }
    }
}

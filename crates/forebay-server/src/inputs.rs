//! How the inputs of sources are read and persisted, as the configuration says.

use std::{collections::BTreeMap, sync::Arc};

use forebay_domain::entity::Declared;
use forebay_engine::{persist::PersistRequest, sources::ReadOptions};

/// The settings of all inputs.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Those of the sources in the configuration.
    pub by_source: BTreeMap<String, InputSettings>,
    /// The declared entity types, which apply to other sources too.
    pub entities: Arc<Declared>,
}

/// The settings of the inputs of a source.
#[derive(Clone, Debug)]
pub struct InputSettings {
    /// What to do with the records.
    pub request: PersistRequest,
    /// How to read them.
    pub options: ReadOptions,
}

impl Inputs {
    /// The settings of a source, which may be unknown to the configuration.
    pub(crate) fn of(&self, source: &str) -> InputSettings {
        self.by_source.get(source).cloned().unwrap_or_else(|| {
            let entities = Arc::clone(&self.entities);
            let request = PersistRequest { entities, ..PersistRequest::new(source, [""; 0]) };
            InputSettings { request, options: ReadOptions::default() }
        })
    }
}

//! `forebay.toml`: what sources and pipelines are, as the user writes it.
//!
//! One struct per concern, each field with its default. Nothing is ignored: a field that is not known is an error
//! that names its place and the field that was probably meant, because a misspelt guard is a guard that is off.
//! [`TEMPLATE`], which `forebay init` writes, names every key; a test holds it to these structs.

mod error;
pub(crate) mod pipeline;
pub(crate) mod source;

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::Deserialize;

pub(crate) use self::{
    pipeline::Pipeline,
    source::{Format, OnDuplicate, Pointer, Source},
};
use crate::failure::Failure;

/// The commented configuration that `forebay init` writes.
pub(crate) const TEMPLATE: &str = include_str!("template.toml");

/// The whole file. Default: no sources, no pipelines.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// `[sources.NAME]`: what yields records, by name. Default: none; `persist --key` then says what is needed.
    #[serde(default)]
    pub(crate) sources: BTreeMap<String, Source>,
    /// `[pipelines.NAME]`: what ingests references, by name. Default: none.
    #[serde(default)]
    pub(crate) pipelines: BTreeMap<String, Pipeline>,
}

impl Config {
    /// Reads the file at `path`. `None` when there is no such file.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, &path.display().to_string()).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let message = format!("the configuration file {} cannot be read", path.display());
                Err(Failure::usage("config_unreadable", message).because(&error))
            }
        }
    }

    /// Parses the text of a file; `file` is its name in errors.
    pub(crate) fn parse(text: &str, file: &str) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| error::located(&error, text, file))
    }
}

#[cfg(test)]
mod tests;

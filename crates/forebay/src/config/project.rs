//! `[project]`: whose declarations a file contains.

use std::{fs, path::Path};

use schemars::JsonSchema;
use serde::Deserialize;

use super::error::Problem;

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

/// The project of a file whose folder has no name.
const NAMELESS: &str = "forebay";

/// The project: whose declarations these are, if several files declare sources, pipelines and schedules in one
/// database. Its commands change only what this file names, and `forebay config apply --prune` disables only what the
/// same project declared. A name that another project declared differently is left to that project, with the warning
/// `declared_elsewhere`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Project {
    /// Name of the project, at most 100 characters. Set it if copies of the file are in folders of different names.
    /// Default: the name of the file's folder.
    pub(super) name: Option<String>,
}

impl Project {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let Some(name) = &self.name else { return Ok(()) };
        let problem = |message: &str| Err(Problem::at(["project", "name"], message));
        if name.trim().is_empty() {
            return problem("name must not be empty");
        }
        if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return problem("name must have at most 100 characters, on one line");
        }
        Ok(())
    }
}

/// The name of a project whose file doesn't give one: that of the file's folder.
pub(super) fn default_name(file: &Path) -> String {
    // The file may not exist yet.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).ok();
    let name = folder.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| NAMELESS.to_owned())
}

//! What a source needs on this machine: secrets, programs and files.
//!
//! A scrape that misses one of them fails. The checks are the reads and lookups of the scrape itself.

use std::path::Path;

use forebay_sources::{
    fetch::check_secrets,
    kinds::{EnvValue, Secret},
};

use super::definition::{SourceDefinition, SourceKind};
use crate::child;

/// Something that a source needs and this machine doesn't have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unready {
    /// The error code of a scrape that misses it.
    pub code: &'static str,
    /// The path to the setting in the source, such as `["command", "argv"]`.
    pub field: Vec<&'static str>,
    /// What is missing, in one sentence. It contains no secret.
    pub problem: String,
}

/// What a source needs and this machine doesn't have.
pub fn check_machine(source: &SourceDefinition) -> Vec<Unready> {
    let mut missing = Vec::new();
    if source.kind.is_fetched()
        && let Err(error) = check_secrets(&source.fetch)
    {
        missing.push(Unready {
            code: error.code(),
            field: vec!["fetch", "headers"],
            problem: error.to_string(),
        });
    }
    match &source.kind {
        SourceKind::Command(kind) => {
            missing.extend(values(["command", "env"], kind.env.values()));
            missing.extend(program(["command", "argv"], kind.argv.first(), kind.cwd.as_deref()));
        }
        SourceKind::Singer(kind) => {
            missing.extend(values(["singer", "env"], kind.env.values()));
            missing.extend(program(["singer", "command"], kind.command.first(), kind.cwd.as_deref()));
        }
        SourceKind::Postgres(kind) => {
            if let Some(Err(error)) = kind.url.as_ref().map(Secret::read) {
                let field = vec!["postgres", "url"];
                missing.push(Unready { code: error.code(), field, problem: error.to_string() });
            }
        }
        SourceKind::Pages(_) | SourceKind::File(_) => {}
    }
    missing
}

/// The first value that cannot be read.
fn values<'a>(field: [&'static str; 2], mut values: impl Iterator<Item = &'a EnvValue>) -> Option<Unready> {
    let error = values.find_map(|value| value.read().err())?;
    Some(Unready { code: error.code(), field: field.to_vec(), problem: error.to_string() })
}

fn program(field: [&'static str; 2], program: Option<&String>, directory: Option<&Path>) -> Option<Unready> {
    let program = program?;
    if child::find(program, directory).is_some() {
        return None;
    }
    let problem = format!("there is no program {program:?} that can be run");
    Some(Unready { code: "command_not_started", field: field.to_vec(), problem })
}

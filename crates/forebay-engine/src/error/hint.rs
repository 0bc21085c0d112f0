//! What to do about each error of the engine.

use forebay_domain::identity::{SCOPE_FIELD, SourceIdentityError};

use super::Error;
use crate::{human, scrape::DefinitionError};

impl Error {
    /// What to do next, if there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Content(error) => error.hint(),
            Self::Source(error) => Some(error.hint().into()),
            Self::Definition(error) => Some(definition_hint(error)),
            Self::Crawl(incomplete) => Some(incomplete.hint.clone().into()),
            Self::NotScraped { source_name } => Some(format!(
                "define it as [sources.{source_name}] in forebay.toml; `forebay config check` lists the configured sources"
            )),
            Self::SourceDisabled { source_name } => {
                Some(format!("remove `enabled = false` from [sources.{source_name}] in forebay.toml"))
            }
            Self::Declaration(error) => error.hint(),
            Self::Adopt(error) => Some(error.hint()),
            Self::Seed(error) => Some(error.hint().into()),
            Self::Token(error) => error.hint().map(Into::into),
            Self::ScopeIncomplete { missing, .. } => Some(format!("add --scope {missing}=…")),
            Self::NoSuchScope { source_name, .. } => Some(format!(
                "use one of `scopes` in [sources.{source_name}]; without `scopes`, set exactly the placeholders of its URL"
            )),
            Self::Refused { source_name, .. } => Some(format!(
                "`forebay sources breaker show {source_name}` shows the reason; `forebay sources breaker close \
                 {source_name}` allows calls at once"
            )),
            Self::RowsMissing { source_name, .. } => Some(format!(
                "check `table` or `query` in [sources.{source_name}.postgres]: write a table as `schema.name`, spelled as \
                 in the database, and grant the role of its `url` access"
            )),
            Self::Scratch(_) => Some("set TMPDIR to a folder with free space".into()),
            Self::Contention { .. } | Self::Outdated { .. } => {
                Some("run the command again when the other writers have finished".into())
            }
            Self::KeyUnknown { source_name } => Some(format!(
                "name the fields that identify a record: --key FIELD[,FIELD…], or key = [\"…\"] in \
                 [sources.{source_name}] of forebay.toml; records that nothing identifies can be identified by their \
                 content: --key '$hash'"
            )),
            Self::SettingConflict { source_name, conflict } => Some(format!(
                "change `{}` of [sources.{source_name}] in forebay.toml, or the option that gives it",
                conflict.setting().join(".")
            )),
            Self::OutOfOrder { watermark, .. } => Some(format!(
                "nothing was written: an older scrape never overwrites a newer one. Persist scrapes in the order of \
                 their times, with --observed-at {watermark} or later; if that time is wrong, `forebay doctor` names the \
                 run that has it"
            )),
            Self::ObservedInFuture { .. } => Some(
                "nothing was written: correct --observed-at, or the clock of this machine or of the server; \
                 --allow-future stores it nevertheless"
                    .into(),
            ),
            Self::NoSuchPipeline { .. } => Some("declare it as [pipelines.NAME] in forebay.toml".into()),
            Self::PipelineConfig(error) => Some(format!(
                "correct [pipelines.{}] in forebay.toml; its hand-offs wait until then",
                error.pipeline
            )),
            Self::NoSuchRun { .. } => Some("`forebay runs list` shows the runs".into()),
            Self::NotHeld { run_id, status: "running" } => {
                Some(format!("wait for its end; `forebay runs show {run_id}` shows what it has done so far"))
            }
            Self::RunProcessDied { run_id } => Some(format!(
                "close it with `forebay work --drain`, or with the next run of its scope; what it wrote stays, and \
                 `forebay runs revert {run_id}` can undo that afterwards"
            )),
            Self::NotHeld { .. } => Some("`forebay runs list --status held` shows the held runs".into()),
            Self::NotApplied { run_id, status: "held" } => {
                Some(format!("`forebay runs reject {run_id}` drops what it withholds"))
            }
            Self::MovedKeysBack { .. } => Some(
                "persist the source again: if it still has the new keys, the run is held, and `forebay runs rekey` moves \
                 them"
                    .into(),
            ),
            Self::AlreadyReverted { by, .. } => {
                Some(format!("`forebay runs revert {by}` applies its changes again"))
            }
            Self::NotARekey { run_id } => Some(format!(
                "`forebay runs release {run_id}` applies its additions and removals as they are, \
                 `forebay runs reject {run_id}` drops them"
            )),
            Self::KeyChanged { source_name, stored, .. } => Some(format!(
                "other key fields would make every record a new reference: use {}, and the same fields as `key` of \
                 [sources.{source_name}] if forebay.toml has it; to use other key fields, persist the records as a \
                 source of another name",
                key_options(stored)
            )),
            Self::SourceIdentity(error) => identity_hint(error).map(str::to_owned),
            Self::Interrupted => Some("run it again: records stored so far are found unchanged".into()),
            Self::AttemptLost => Some("run it again".into()),
            Self::DatabaseLeftAlone { .. } | Self::NeedsDatabase { .. } => {
                Some("`forebay doctor` shows why the database cannot be reached".into())
            }
            Self::NotApplied { .. } | Self::Reader | Self::Payload(_) => None,
        }
    }
}

fn definition_hint(error: &DefinitionError) -> String {
    match error.field.as_slice() {
        [] => format!("correct [sources.{}] in forebay.toml", error.source_name),
        field => format!("correct `{}` in [sources.{}] of forebay.toml", field.join("."), error.source_name),
    }
}

fn identity_hint(error: &SourceIdentityError) -> Option<&'static str> {
    Some(match error {
        SourceIdentityError::KeyField { .. } => {
            "write a top-level field as its name, a nested one as /course/id"
        }
        SourceIdentityError::KeyFieldTwice { .. } => "name each key field once",
        SourceIdentityError::HashNotAlone { .. } => {
            "use `$hash` alone, for records that nothing identifies; or name the fields without it"
        }
        SourceIdentityError::OnlyScope => "name the fields that identify a record within its scope",
        SourceIdentityError::EntityEmpty => "name the type of the records, such as course",
        // The message states the rule.
        SourceIdentityError::Name(_) => return None,
    })
}

/// The options of `forebay persist` that give these key fields. A shell would expand the name of the scope's field.
fn key_options(key_fields: &[String]) -> String {
    let in_records: Vec<&str> =
        key_fields.iter().map(String::as_str).filter(|field| *field != SCOPE_FIELD).collect();
    let scope = if in_records.len() < key_fields.len() { " --key-in-scope" } else { "" };
    let names = in_records.join(",");
    format!("--key {}{scope}", human::shell_word(&names))
}

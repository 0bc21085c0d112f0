//! Declares the source of a run: checks its identity, and decides its settings, before anything is read.

use forebay_domain::{
    conflicts::{self, RecordSettings},
    identity::{check_entity_type, check_source},
    run::OnDuplicate,
};
use forebay_store::sources::{self, Source, SourceSpec};
use tokio_postgres::Client;

use super::{
    policy::SourcePolicy,
    request::{DEFAULT_ENTITY_TYPE, PersistRequest},
};
use crate::error::{DeclarationError, Error, Result};

/// A declared source.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    /// The stored source.
    pub(crate) source: Source,
    /// Its policy.
    pub(crate) policy: SourcePolicy,
    /// What the run has to report about the declaration.
    pub(crate) warning: Option<String>,
}

/// Stores the source of a request if it is new or differs from the stored one. A setting that the request doesn't give
/// keeps its stored value. `on_duplicate` is the duplicate policy of a new source
/// that chooses none.
pub(crate) async fn declare(
    client: &Client,
    request: &PersistRequest,
    on_duplicate: OnDuplicate,
) -> Result<Declared> {
    let Planned { known, stored, policy, key_fields, entity_type } =
        plan(client, request, on_duplicate).await?;
    let spec = SourceSpec {
        name: request.source.clone(),
        entity_type,
        key_fields,
        policy: policy.to_json(),
        is_published: request.publish,
        project: request.project.clone(),
    };
    let is_same = |known: &Source| {
        (&known.entity_type, &known.key_fields, &known.policy)
            == (&spec.entity_type, &spec.key_fields, &spec.policy)
            && spec.is_published.is_none_or(|is_published| is_published == known.is_published)
    };
    let Some(known) = known else {
        let source = sources::declare(client, &spec).await?;
        return Ok(Declared { source, policy, warning: None });
    };
    // Before the key is compared, because the settings of the owner count, with its key.
    if let (Some(owner), Some(project)) = (&known.project, &spec.project)
        && owner != project
    {
        if is_same(&known) {
            return Ok(Declared { source: known, policy, warning: None });
        }
        let error = DeclarationError::Elsewhere {
            what: "source",
            name: known.name.clone(),
            owner: owner.clone(),
            project: project.clone(),
        };
        let warning = Some(format!("{error} ({})", error.code()));
        return Ok(Declared { source: known, policy: stored, warning });
    }
    if known.key_fields != spec.key_fields && sources::has_active(client, known.source_id).await? {
        return Err(Error::KeyChanged {
            source_name: known.name,
            stored: known.key_fields,
            given: spec.key_fields,
        });
    }
    let is_owned = known.project.is_some() || spec.project.is_none();
    let source = if is_owned && is_same(&known) { known } else { sources::declare(client, &spec).await? };
    Ok(Declared { source, policy, warning: None })
}

/// What a request makes of a source, before anything is written.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    /// The stored source.
    pub(super) known: Option<Source>,
    /// Its stored policy, or that of a new source.
    stored: SourcePolicy,
    /// The policy with what the request gives.
    pub(super) policy: SourcePolicy,
    /// The key of its records.
    pub(super) key_fields: Vec<String>,
    /// Its entity type.
    pub(super) entity_type: String,
}

/// Reads the source of a request, and checks and merges its settings. Writes nothing.
pub(super) async fn plan(
    client: &Client,
    request: &PersistRequest,
    on_duplicate: OnDuplicate,
) -> Result<Planned> {
    check_source(&request.source, &request.key_fields)?;
    let known = sources::find(client, &request.source).await?;
    let key_fields = match (&known, request.key_fields.is_empty()) {
        (_, false) => request.key_fields.clone(),
        (Some(known), true) => known.key_fields.clone(),
        (None, true) => return Err(Error::KeyUnknown { source_name: request.source.clone() }),
    };
    let stored = known.as_ref().map(|known| SourcePolicy::from_json(&known.policy)).transpose()?;
    let stored = stored.unwrap_or_else(|| SourcePolicy { on_duplicate, ..SourcePolicy::default() });
    let policy = given_or_stored(request, stored.clone());
    let entity_type = request
        .entity_type
        .clone()
        .or_else(|| known.as_ref().map(|known| known.entity_type.clone()))
        .unwrap_or_else(|| DEFAULT_ENTITY_TYPE.to_owned());
    check_entity_type(&entity_type)?;
    let settings = RecordSettings {
        key_fields: &key_fields,
        rules: &policy.rules,
        mode: policy.mode,
        on_duplicate: &policy.on_duplicate,
        removed_when: policy.removed_when.field(),
        rekey: policy.guards.rekey,
        removals: policy.guards.removals,
    };
    conflicts::check(&settings)
        .map_err(|conflict| Error::SettingConflict { source_name: request.source.clone(), conflict })?;
    Ok(Planned { known, stored, policy, key_fields, entity_type })
}

impl PersistRequest {
    /// The settings that name a top-level field or something in it, by their names in the configuration.
    pub fn settings_with(&self, field: &str) -> Vec<&'static str> {
        given_or_stored(self, SourcePolicy::default()).settings_with(&self.key_fields, field)
    }
}

/// The policy of the source from now on.
fn given_or_stored(request: &PersistRequest, stored: SourcePolicy) -> SourcePolicy {
    SourcePolicy {
        rules: request.rules.clone().unwrap_or(stored.rules),
        on_duplicate: request.on_duplicate.clone().unwrap_or(stored.on_duplicate),
        guards: request.guards.unwrap_or(stored.guards),
        max_rejected_share: request.max_rejected_share.unwrap_or(stored.max_rejected_share),
        max_rejected_kept: request.max_rejected_kept.unwrap_or(stored.max_rejected_kept),
        sequence_field: request.sequence_field.clone().unwrap_or(stored.sequence_field),
        contract_version_column: request
            .contract_version_column
            .clone()
            .unwrap_or(stored.contract_version_column),
        require_end: request.require_end.unwrap_or(stored.require_end),
        mode: request.mode.unwrap_or(stored.mode),
        removed_when: request.removed_when.clone().unwrap_or(stored.removed_when),
    }
}

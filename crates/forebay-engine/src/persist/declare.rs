//! Declares the source of a run: identity and policy are checked before anything is read.

use forebay_domain::identity::KeyField;
use forebay_store::sources::{self, Source, SourceSpec};
use tokio_postgres::Client;

use super::request::{DEFAULT_ENTITY_TYPE, PersistRequest};
use crate::error::{Error, Result};

/// Stores the source of a request if it is new or differs from the stored one.
pub(crate) async fn declare(client: &Client, request: &PersistRequest) -> Result<Source> {
    if !is_source_name(&request.source) {
        return Err(Error::SourceName { source_name: request.source.clone() });
    }
    if let Some(bad) = request.key_fields.iter().find(|field| field.parse::<KeyField>().is_err()) {
        return Err(Error::KeyField { field: bad.clone() });
    }
    let known = sources::find(client, &request.source).await?;
    let key_fields = match (&known, request.key_fields.is_empty()) {
        (_, false) => request.key_fields.clone(),
        (Some(known), true) => known.key_fields.clone(),
        (None, true) => return Err(Error::KeyUnknown { source_name: request.source.clone() }),
    };
    if let Some(known) = &known
        && known.key_fields != key_fields
        && sources::has_active(client, known.source_id).await?
    {
        return Err(Error::KeyChanged {
            source_name: request.source.clone(),
            stored: known.key_fields.join(","),
            given: key_fields.join(","),
        });
    }
    let entity_type = request
        .entity_type
        .clone()
        .or_else(|| known.map(|known| known.entity_type))
        .unwrap_or_else(|| DEFAULT_ENTITY_TYPE.to_owned());
    let spec = SourceSpec {
        name: request.source.clone(),
        entity_type,
        key_fields,
        policy: request.policy().to_json(),
    };
    Ok(sources::declare(client, &spec).await?)
}

/// The same rule as the table's check constraint: ids are computed from names, and `NAME/KEY` must be unambiguous.
fn is_source_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_names_are_those_of_the_check_constraint() {
        for name in ["a", "9", "courses.v2", "A-b_c", &"x".repeat(63)] {
            assert!(is_source_name(name), "{name}");
        }
        for name in ["", "a/b", ".a", "-a", "é", "a b", &"x".repeat(64)] {
            assert!(!is_source_name(name), "{name}");
        }
    }
}

//! The identity of a source: its name, the fields that make up a record's key, and the type of its records.
//!
//! This is the only check of these. Ids are computed from the name, and `NAME/RECORD_KEY` must be unambiguous, so a
//! name has no slash. The check constraint `sources_name_check` states the same rule.

use super::key::{HASH_FIELD, KeyField, SCOPE_FIELD};

/// Maximum length of a source's name, in bytes.
const MAX_NAME_BYTES: usize = 63;

/// Why a source cannot have a name or a key field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceIdentityError {
    /// The name.
    #[error(
        "invalid source name {0:?}: start with a letter or digit and use at most 63 letters, digits, dots, _ and -"
    )]
    Name(String),
    /// A key field.
    #[error("the key field {field:?} is neither a field name nor a JSON pointer (RFC 6901)")]
    KeyField {
        /// Its place among the key fields, from 0.
        index: usize,
        /// The field as given.
        field: String,
    },
    /// A key field that is named twice.
    #[error("the key names the field {field:?} twice")]
    KeyFieldTwice {
        /// Its second place among the key fields, from 0.
        index: usize,
        /// The field as given.
        field: String,
    },
    /// The hash of the record together with fields of it.
    #[error(
        "`$hash` stands for the whole record, so the key has no other field; only the scope can be added, after it"
    )]
    HashNotAlone {
        /// The place among the key fields, from 0, of the first surplus field.
        index: usize,
    },
    /// The key is nothing but the scope, so all records of a run would have the same.
    #[error("the key consists of the scope alone, so all records of a run would have the same key")]
    OnlyScope,
    /// An empty entity type.
    #[error("entity must not be empty")]
    EntityEmpty,
}

/// Checks the entity type of a source.
pub fn check_entity_type(entity_type: &str) -> Result<(), SourceIdentityError> {
    if entity_type.is_empty() { Err(SourceIdentityError::EntityEmpty) } else { Ok(()) }
}

/// Checks the name and the key fields of a source.
pub fn check_source(name: &str, key_fields: &[String]) -> Result<(), SourceIdentityError> {
    if !is_source_name(name) {
        return Err(SourceIdentityError::Name(name.to_owned()));
    }
    for (index, field) in key_fields.iter().enumerate() {
        if field.parse::<KeyField>().is_err() {
            return Err(SourceIdentityError::KeyField { index, field: field.clone() });
        }
        if key_fields[..index].contains(field) {
            return Err(SourceIdentityError::KeyFieldTwice { index, field: field.clone() });
        }
    }
    if key_fields.iter().any(|field| field == HASH_FIELD)
        && let Some(index) = key_fields
            .iter()
            .enumerate()
            .position(|(index, field)| field != if index == 0 { HASH_FIELD } else { SCOPE_FIELD })
    {
        return Err(SourceIdentityError::HashNotAlone { index });
    }
    if key_fields == [SCOPE_FIELD] {
        return Err(SourceIdentityError::OnlyScope);
    }
    Ok(())
}

fn is_source_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_names_are_those_of_the_check_constraint() {
        for name in ["a", "9", "courses.v2", "A-b_c", &"x".repeat(63)] {
            assert_eq!(check_source(name, &[]), Ok(()), "{name}");
        }
        for name in ["", "a/b", ".a", "-a", "é", "a b", &"x".repeat(64)] {
            assert_eq!(check_source(name, &[]), Err(SourceIdentityError::Name(name.to_owned())));
        }
    }

    #[test]
    fn the_first_invalid_key_field_is_reported() {
        let fields = ["id", "/a/b", "/a~2", ""].map(str::to_owned);
        let expected = SourceIdentityError::KeyField { index: 2, field: "/a~2".to_owned() };
        assert_eq!(check_source("a", &fields), Err(expected));
        assert_eq!(check_source("a", &fields[..2]), Ok(()));
        let twice = ["id", "/a/b", "id"].map(str::to_owned);
        let expected = SourceIdentityError::KeyFieldTwice { index: 2, field: "id".to_owned() };
        assert_eq!(check_source("a", &twice), Err(expected));
        for (fields, expected) in [
            (vec!["$hash"], Ok(())),
            (vec!["$hash", "$scope"], Ok(())),
            (vec!["$hash", "id"], Err(SourceIdentityError::HashNotAlone { index: 1 })),
            (vec!["$scope", "$hash"], Err(SourceIdentityError::HashNotAlone { index: 0 })),
            (vec!["/$hash", "id"], Ok(())),
        ] {
            let fields: Vec<String> = fields.into_iter().map(str::to_owned).collect();
            assert_eq!(check_source("a", &fields), expected, "{fields:?}");
        }
    }
}

//! Settings for records that contradict each other. One rule for all ways to declare a source.

use crate::{field_path::FieldPath, identity::is_by_hash, rekey::RekeyPolicy};

/// The settings that are compared.
#[derive(Clone, Copy, Debug)]
pub struct RecordSettings<'a> {
    /// The key fields.
    pub key_fields: &'a [String],
    /// The value by which a record says that it is gone.
    pub removed_when: Option<&'a FieldPath>,
    /// What happens to records that reappear under other keys.
    pub rekey: RekeyPolicy,
}

/// Two settings that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingConflict {
    /// A marked record has other content than the stored one, so it has another key.
    #[error(
        "removed_when needs a key of fields: with key = \"$hash\", a record that is marked as removed is another record \
         than the one without the mark"
    )]
    HashWithRemovedWhen,
    /// Keys that are hashes change only with the content.
    #[error(
        "rekey = \"follow\" needs a key of fields: with key = \"$hash\", a record under another key is always another one"
    )]
    HashWithRekey,
}

impl SettingConflict {
    /// The path to the setting to change, such as `["guards", "rekey"]`.
    pub const fn setting(self) -> &'static [&'static str] {
        match self {
            Self::HashWithRemovedWhen => &["removed_when"],
            Self::HashWithRekey => &["guards", "rekey"],
        }
    }
}

/// Finds the first contradiction.
pub fn check(settings: &RecordSettings<'_>) -> Result<(), SettingConflict> {
    if is_by_hash(settings.key_fields) {
        if settings.removed_when.is_some() {
            return Err(SettingConflict::HashWithRemovedWhen);
        }
        if settings.rekey == RekeyPolicy::Follow {
            return Err(SettingConflict::HashWithRekey);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_as_key_excludes_what_needs_a_lasting_key() {
        let (by_id, by_hash) = (["id".to_owned()], ["$hash".to_owned(), "$scope".to_owned()]);
        let flag = "/deleted".parse().unwrap();
        let with =
            |key_fields, removed_when, rekey| check(&RecordSettings { key_fields, removed_when, rekey });
        assert_eq!(with(&by_id, Some(&flag), RekeyPolicy::Follow), Ok(()));
        assert_eq!(with(&by_hash, None, RekeyPolicy::Hold), Ok(()));
        let conflict = with(&by_hash, Some(&flag), RekeyPolicy::Hold);
        assert_eq!(conflict, Err(SettingConflict::HashWithRemovedWhen));
        assert_eq!(with(&by_hash, None, RekeyPolicy::Follow), Err(SettingConflict::HashWithRekey));
    }
}

//! Settings for records that contradict each other. One rule for all ways to declare a source.

use crate::{
    field_path::FieldPath,
    guards::RemovalPolicy,
    identity::{KeyField, is_by_hash},
    patch::RecordMode,
    rekey::RekeyPolicy,
    rules::FieldRules,
    run::OnDuplicate,
};

/// The settings that are compared.
#[derive(Clone, Copy, Debug)]
pub struct RecordSettings<'a> {
    /// The key fields.
    pub key_fields: &'a [String],
    /// Field rules.
    pub rules: &'a FieldRules,
    /// What the records are.
    pub mode: RecordMode,
    /// How a key that appears again is handled.
    pub on_duplicate: &'a OnDuplicate,
    /// The value by which a record says that it is gone.
    pub removed_when: Option<&'a FieldPath>,
    /// What happens to records that reappear under other keys.
    pub rekey: RekeyPolicy,
    /// Whether complete runs remove what they don't see.
    pub removals: RemovalPolicy,
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
    /// Every record has a value in its key field, so every record would say that it is gone.
    #[error(
        "removed_when names a key field: every record has a value there, so every record would say that it is gone"
    )]
    KeyWithRemovedWhen,
    /// Without removals, no key is ever missing.
    #[error(
        "rekey = \"follow\" needs removals: with removals = \"never\", no old key is ever missing, so no record moves to \
         another key"
    )]
    FollowWithoutRemovals,
    /// Keys that are hashes change only with the content.
    #[error(
        "rekey = \"follow\" needs a key of fields: with key = \"$hash\", a record under another key is always another one"
    )]
    HashWithRekey,
    /// A field rule keeps the value that decides which record is newest out of the stored or the compared content.
    #[error(
        "newest_by needs a field without a rule: the values of fields in ignore, volatile or normalise are not those that the \
         records had"
    )]
    NewestWithRule,
    /// A partial record needs to find the one that it belongs to.
    #[error(
        "mode = \"patch\" needs a key of fields: with key = \"$hash\", a partial record belongs to no other one"
    )]
    HashWithPatch,
    /// Partial records of a key all count, in order.
    #[error(
        "mode = \"patch\" applies all records of a key, in the order of the input: it can't be combined with the duplicate \
         policies merge, reject and newest_by"
    )]
    PatchWithDuplicates,
}

impl SettingConflict {
    /// The path to the setting to change, such as `["guards", "rekey"]`.
    pub const fn setting(self) -> &'static [&'static str] {
        match self {
            Self::HashWithRemovedWhen | Self::KeyWithRemovedWhen => &["removed_when"],
            Self::HashWithRekey | Self::FollowWithoutRemovals => &["guards", "rekey"],
            Self::HashWithPatch => &["mode"],
            Self::PatchWithDuplicates | Self::NewestWithRule => &["on_duplicate"],
        }
    }
}

/// Finds the first contradiction.
pub fn check(settings: &RecordSettings<'_>) -> Result<(), SettingConflict> {
    if is_by_hash(settings.key_fields) {
        if settings.removed_when.is_some() {
            return Err(SettingConflict::HashWithRemovedWhen);
        }
        if settings.mode == RecordMode::Patch {
            return Err(SettingConflict::HashWithPatch);
        }
        if settings.rekey == RekeyPolicy::Follow {
            return Err(SettingConflict::HashWithRekey);
        }
    }
    if let Some(flag) = settings.removed_when
        && settings.key_fields.iter().any(|key| is_at(key, flag))
    {
        return Err(SettingConflict::KeyWithRemovedWhen);
    }
    if settings.rekey == RekeyPolicy::Follow && settings.removals == RemovalPolicy::Never {
        return Err(SettingConflict::FollowWithoutRemovals);
    }
    let is_in_order = matches!(settings.on_duplicate, OnDuplicate::First | OnDuplicate::Last);
    if settings.mode == RecordMode::Patch && !is_in_order {
        return Err(SettingConflict::PatchWithDuplicates);
    }
    if let OnDuplicate::Newest(field) = settings.on_duplicate
        && settings.rules.applies_to(field.top_level())
    {
        return Err(SettingConflict::NewestWithRule);
    }
    Ok(())
}

/// Whether a key field is the value at a path.
fn is_at(key: &str, path: &FieldPath) -> bool {
    key.parse::<KeyField>().is_ok_and(|key| key.path() == path.tokens())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(rules: &FieldRules) -> RecordSettings<'_> {
        RecordSettings {
            key_fields: &[],
            rules,
            mode: RecordMode::Replace,
            on_duplicate: &OnDuplicate::First,
            removed_when: None,
            rekey: RekeyPolicy::Hold,
            removals: RemovalPolicy::Guarded,
        }
    }

    #[test]
    fn a_key_field_does_not_mark_removals() {
        let rules = FieldRules::default();
        let with = |key: &str, flag: &str| {
            let (keys, flag) = ([key.to_owned()], flag.parse().unwrap());
            check(&RecordSettings { key_fields: &keys, removed_when: Some(&flag), ..plain(&rules) })
        };
        for (key, flag) in [("id", "id"), ("id", "/id"), ("/meta/id", "/meta/id"), ("/id", "id")] {
            assert_eq!(with(key, flag), Err(SettingConflict::KeyWithRemovedWhen), "{key} {flag}");
        }
        for (key, flag) in [
            ("id", "gone"),
            ("/meta/id", "/meta/gone"),
            ("id", "/id/gone"),
            ("$scope", "$hash"),
            ("$scope", "$scope"),
        ] {
            assert_eq!(with(key, flag), Ok(()), "{key} {flag}");
        }
    }

    #[test]
    fn keys_are_followed_only_where_missing_records_are_removed() {
        let rules = FieldRules::default();
        let with = |rekey, removals| check(&RecordSettings { rekey, removals, ..plain(&rules) });
        let never = RemovalPolicy::Never;
        assert_eq!(with(RekeyPolicy::Follow, never), Err(SettingConflict::FollowWithoutRemovals));
        assert_eq!(with(RekeyPolicy::Hold, never), Ok(()));
        assert_eq!(with(RekeyPolicy::Follow, RemovalPolicy::Guarded), Ok(()));
    }

    #[test]
    fn the_field_that_decides_about_duplicates_has_no_rule() {
        let on_duplicate = "newest_by=/meta/at".parse().unwrap();
        let with =
            |rules: &FieldRules| check(&RecordSettings { on_duplicate: &on_duplicate, ..plain(rules) });
        assert_eq!(with(&FieldRules { ignore: ["at".to_owned()].into(), ..FieldRules::default() }), Ok(()));
        let (ignore, volatile) = (["meta".to_owned()].into(), ["meta".to_owned()].into());
        for rules in [
            FieldRules { ignore, ..FieldRules::default() },
            FieldRules { volatile, ..FieldRules::default() },
            FieldRules {
                normalise: [("meta".to_owned(), crate::rules::Normalise::default())].into(),
                ..FieldRules::default()
            },
        ] {
            assert_eq!(with(&rules), Err(SettingConflict::NewestWithRule));
        }
    }

    #[test]
    fn a_partial_record_needs_a_key_and_an_order() {
        let rules = FieldRules::default();
        let patch = RecordSettings { mode: RecordMode::Patch, ..plain(&rules) };
        for (policy, expected) in [
            ("first", Ok(())),
            ("last", Ok(())),
            ("merge", Err(SettingConflict::PatchWithDuplicates)),
            ("reject", Err(SettingConflict::PatchWithDuplicates)),
            ("newest_by=at", Err(SettingConflict::PatchWithDuplicates)),
        ] {
            let on_duplicate = policy.parse().unwrap();
            assert_eq!(check(&RecordSettings { on_duplicate: &on_duplicate, ..patch }), expected, "{policy}");
        }
        let by_hash = ["$hash".to_owned()];
        let conflict = check(&RecordSettings { key_fields: &by_hash, ..patch });
        assert_eq!(conflict, Err(SettingConflict::HashWithPatch));
    }

    #[test]
    fn a_hash_as_key_excludes_what_needs_a_lasting_key() {
        let (by_id, by_hash) = (["id".to_owned()], ["$hash".to_owned(), "$scope".to_owned()]);
        let flag = "/deleted".parse().unwrap();
        let rules = FieldRules::default();
        let with = |key_fields, removed_when, rekey| {
            check(&RecordSettings { key_fields, removed_when, rekey, ..plain(&rules) })
        };
        assert_eq!(with(&by_id, Some(&flag), RekeyPolicy::Follow), Ok(()));
        assert_eq!(with(&by_hash, None, RekeyPolicy::Hold), Ok(()));
        let conflict = with(&by_hash, Some(&flag), RekeyPolicy::Hold);
        assert_eq!(conflict, Err(SettingConflict::HashWithRemovedWhen));
        assert_eq!(with(&by_hash, None, RekeyPolicy::Follow), Err(SettingConflict::HashWithRekey));
    }
}

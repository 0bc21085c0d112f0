//! Coverage: for each top-level field, the number of records in a run that had a value for it, and the JSON types of
//! those values.
//!
//! A scraper with a broken selector still yields records, but a field that used to be filled is now empty. A value
//! counts unless it is null or an empty string; the caller checks that and calls [`Coverage::observe`] only for fields
//! that count.
//!
//! `observe` runs about ten times per record. It compares the name at the hinted position before hashing anything, and
//! allocates only for new fields. Field names come from outside, so their number and length are limited; fields beyond
//! the limits are counted together, without their names.

use std::collections::HashMap;

use crate::{
    drift::{FieldShape, JsonType, RunShape, TypeSet},
    entity::Violations,
};

/// Maximum number of tracked fields; the rest is counted in [`Coverage::num_untracked`].
pub const MAX_FIELDS: usize = 512;

/// Maximum length of a tracked field name, in bytes.
pub const MAX_FIELD_NAME_BYTES: usize = 256;

/// The number of records with a value, per field. Each worker keeps its own; they are merged at the end.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    num_records: u64,
    num_untracked: u64,
    /// In the order in which the fields were first seen, which is roughly their order in a record.
    entries: Vec<Entry>,
    /// Field name → index in `entries`, for when the hint is wrong.
    index: HashMap<Box<str>, usize>,
    violations: Violations,
}

#[derive(Clone, Debug)]
struct Entry {
    name: Box<str>,
    count: u64,
    types: TypeSet,
}

/// The coverage of one field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldCoverage<'a> {
    /// The field's name.
    pub name: &'a str,
    /// Records with a value for it.
    pub count: u64,
    /// `count` over all records, 0 to 1.
    pub share: f64,
    /// The types of its values, where recorded.
    pub types: TypeSet,
}

impl Coverage {
    /// Counts one record. Call it once per record.
    pub fn observe_record(&mut self) {
        self.num_records += 1;
    }

    /// Counts a value for `field`; call it at most once per field and record. `position_hint` is the field's position
    /// among the fields observed in this record; a wrong hint only costs a hash.
    pub fn observe(&mut self, field: &str, position_hint: usize) {
        self.observe_types(field, position_hint, TypeSet::default());
    }

    /// Like [`observe`](Self::observe), for a value of a known type.
    #[inline]
    pub fn observe_typed(&mut self, field: &str, position_hint: usize, json_type: JsonType) {
        self.observe_types(field, position_hint, TypeSet::of(json_type));
    }

    fn observe_types(&mut self, field: &str, position_hint: usize, types: TypeSet) {
        // A record without an early field shifts the others by one, in either direction.
        for position in [position_hint, position_hint.wrapping_add(1), position_hint.wrapping_sub(1)] {
            if let Some(entry) = self.entries.get_mut(position)
                && *entry.name == *field
            {
                entry.count += 1;
                entry.types.merge(types);
                return;
            }
        }
        self.add(field, 1, types);
    }

    /// Adds the counts of another worker.
    pub fn merge(&mut self, other: &Self) {
        self.num_records += other.num_records;
        self.num_untracked += other.num_untracked;
        self.violations.merge(&other.violations);
        for entry in &other.entries {
            self.add(&entry.name, entry.count, entry.types);
        }
    }

    /// Adds counts from elsewhere: the number of records, and how many of them had a value for each field.
    pub fn add_counted<'a>(&mut self, num_records: u64, fields: impl IntoIterator<Item = (&'a str, u64)>) {
        self.num_records += num_records;
        for (field, count) in fields {
            self.add(field, count, TypeSet::default());
        }
    }

    /// Takes what the records' entity type declares and they don't follow.
    pub fn take_violations(&mut self) -> Violations {
        std::mem::take(&mut self.violations)
    }

    /// The same, to add those of a record.
    pub(crate) fn violations_mut(&mut self) -> &mut Violations {
        &mut self.violations
    }

    /// Number of records observed.
    pub fn num_records(&self) -> u64 {
        self.num_records
    }

    /// Number of values in untracked fields: beyond [`MAX_FIELDS`], with a name longer than [`MAX_FIELD_NAME_BYTES`],
    /// or with a zero byte in the name, which Postgres cannot store.
    pub fn num_untracked(&self) -> u64 {
        self.num_untracked
    }

    /// The coverage of one field; `None` if no record had a value for it.
    pub fn field(&self, name: &str) -> Option<FieldCoverage<'_>> {
        let position = *self.index.get(name)?;
        self.entries.get(position).map(|entry| self.describe(entry))
    }

    /// All tracked fields, sorted by name.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldCoverage<'_>> {
        let mut sorted: Vec<&Entry> = self.entries.iter().collect();
        sorted.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        sorted.into_iter().map(|entry| self.describe(entry))
    }

    /// Adds known types for a field whose values were not inspected in this run. Ignored if the field had no values.
    pub fn add_types(&mut self, field: &str, types: TypeSet) {
        if let Some(&position) = self.index.get(field) {
            self.entries[position].types.merge(types);
        }
    }

    /// The observations as a shape, for comparison with other runs.
    pub fn shape(&self) -> RunShape {
        let shape = |entry: &Entry| FieldShape { num_present: entry.count, types: entry.types };
        RunShape {
            num_records: self.num_records,
            fields: self.entries.iter().map(|entry| (entry.name.to_string(), shape(entry))).collect(),
        }
    }

    fn add(&mut self, field: &str, count: u64, types: TypeSet) {
        if let Some(&position) = self.index.get(field) {
            let entry = &mut self.entries[position];
            entry.count += count;
            entry.types.merge(types);
            return;
        }
        let storable = field.len() <= MAX_FIELD_NAME_BYTES && !field.contains('\0');
        if !storable || self.entries.len() == MAX_FIELDS {
            self.num_untracked += count;
            return;
        }
        self.index.insert(field.into(), self.entries.len());
        self.entries.push(Entry { name: field.into(), count, types });
    }

    fn describe<'a>(&self, entry: &'a Entry) -> FieldCoverage<'a> {
        // If a caller forgets `observe_record`, shares are 1, never infinite.
        let share = entry.count as f64 / self.num_records.max(entry.count) as f64;
        FieldCoverage { name: &entry.name, count: entry.count, share, types: entry.types }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn observe_all(records: &[Vec<String>]) -> Coverage {
        let mut coverage = Coverage::default();
        for record in records {
            coverage.observe_record();
            for (position, field) in record.iter().enumerate() {
                coverage.observe(field, position);
            }
        }
        coverage
    }

    #[test]
    fn counts_and_shares_are_sorted_by_name() {
        let records = [vec!["title", "id"], vec!["id"], vec!["id", "title"], vec![]];
        let records: Vec<Vec<String>> =
            records.iter().map(|fields| fields.iter().map(ToString::to_string).collect()).collect();
        let coverage = observe_all(&records);
        let fields: Vec<_> = coverage.fields().collect();
        assert_eq!(coverage.num_records(), 4);
        assert_eq!(
            fields,
            [
                FieldCoverage { name: "id", count: 3, share: 0.75, types: TypeSet::default() },
                FieldCoverage { name: "title", count: 2, share: 0.5, types: TypeSet::default() },
            ]
        );
        assert_eq!(coverage.field("title"), Some(fields[1]));
        assert_eq!(coverage.field("absent"), None);
    }

    #[test]
    fn types_are_collected_from_all_workers() {
        use JsonType::{Number, String};
        let mut coverage = Coverage::default();
        for (position, json_type) in [(0, String), (7, Number), (0, String)] {
            coverage.observe_record();
            coverage.observe_typed("id", position, json_type);
        }
        let mut other = Coverage::default();
        other.observe_record();
        other.observe_typed("title", 0, String);
        coverage.merge(&other);
        coverage.add_counted(2, [("id", 2)]);
        coverage.add_types("title", TypeSet::of(Number));
        coverage.add_types("absent", TypeSet::of(Number));
        let field = |num_present, types: &[JsonType]| FieldShape {
            num_present,
            types: types.iter().copied().collect(),
        };
        let shape = coverage.shape();
        assert_eq!(shape.num_records, 6);
        assert_eq!(
            shape.fields,
            [
                ("id".to_owned(), field(5, &[Number, String])),
                ("title".to_owned(), field(1, &[Number, String]))
            ]
            .into()
        );
    }

    #[test]
    fn names_beyond_the_limits_are_counted_together() {
        let mut coverage = Coverage::default();
        coverage.observe_record();
        coverage.observe(&"n".repeat(MAX_FIELD_NAME_BYTES + 1), 0);
        coverage.observe("zero\0byte", 0);
        for number in 0..MAX_FIELDS + 10 {
            coverage.observe(&format!("field{number}"), 0);
        }
        coverage.observe("field0", usize::MAX);
        assert_eq!(coverage.fields().len(), MAX_FIELDS);
        assert_eq!(coverage.num_untracked(), 12);
        assert_eq!(coverage.field("field0").map(|field| field.count), Some(2));
    }

    fn records() -> impl Strategy<Value = Vec<Vec<String>>> {
        let record = proptest::collection::btree_set("[a-f]{1,2}", 0..8)
            .prop_map(|fields| fields.into_iter().collect::<Vec<_>>())
            .prop_shuffle();
        proptest::collection::vec(record, 0..20)
    }

    proptest! {
        #[test]
        fn counts_agree_with_a_plain_map(records in records()) {
            let mut expected = std::collections::BTreeMap::<&str, u64>::new();
            for field in records.iter().flatten() {
                *expected.entry(field).or_default() += 1;
            }
            let coverage = observe_all(&records);
            let counted: std::collections::BTreeMap<_, _> =
                coverage.fields().map(|field| (field.name, field.count)).collect();
            prop_assert_eq!(counted, expected);
            prop_assert!(coverage.fields().all(|field| field.share > 0.0 && field.share <= 1.0));
        }

        #[test]
        fn merging_parts_equals_counting_the_whole(records in records(), cut in 0..20_usize) {
            let (first, second) = records.split_at(cut.min(records.len()));
            let mut merged = observe_all(first);
            merged.merge(&observe_all(second));
            let whole = observe_all(&records);
            prop_assert_eq!(merged.num_records(), whole.num_records());
            prop_assert_eq!(merged.fields().collect::<Vec<_>>(), whole.fields().collect::<Vec<_>>());
        }
    }
}

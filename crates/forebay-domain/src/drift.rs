//! Drift: whether a run's records have a different shape than those of the last good runs of its scope.
//!
//! It reports three changes: a new field, a lost field, and a field with values of a new JSON type. Drift decides
//! nothing; it is stored to explain changes downstream. Fields that only became rarer are left to the
//! [`guards`](crate::guards).

use std::{collections::BTreeMap, fmt};

use crate::json::{Kind, Value};

crate::words! {
    /// The type of a JSON value. Null has none because it does not count as a value (see
    /// [`coverage`](crate::coverage)).
    pub enum JsonType {
        /// `[…]`
        Array = "array",
        /// `true` or `false`
        Boolean = "boolean",
        /// A number.
        Number = "number",
        /// `{…}`
        Object = "object",
        /// A string.
        String = "string",
    }
}

impl JsonType {
    /// The type of a value; `None` if the value doesn't count in coverage.
    #[inline]
    pub(crate) fn of_filled(value: Value<'_>) -> Option<Self> {
        Some(match value.kind() {
            Kind::Null => return None,
            Kind::String if value.is_blank() => return None,
            Kind::String => Self::String,
            Kind::Number => Self::Number,
            Kind::True | Kind::False => Self::Boolean,
            Kind::Array => Self::Array,
            Kind::Object => Self::Object,
        })
    }
}

/// A set of types. Empty means not recorded.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TypeSet(u8);

impl TypeSet {
    /// The set with one type.
    pub const fn of(json_type: JsonType) -> Self {
        Self(1 << json_type as u8)
    }

    /// Adds a type.
    pub fn insert(&mut self, json_type: JsonType) {
        self.0 |= 1 << json_type as u8;
    }

    /// Adds the types of another set.
    pub fn merge(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether it contains a type.
    pub const fn contains(self, json_type: JsonType) -> bool {
        self.0 & (1 << json_type as u8) != 0
    }

    /// Whether it is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it is a subset of `other`.
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Its types, sorted by their words.
    pub fn iter(self) -> impl Iterator<Item = JsonType> {
        JsonType::ALL.into_iter().filter(move |json_type| self.contains(*json_type))
    }
}

impl FromIterator<JsonType> for TypeSet {
    fn from_iter<I: IntoIterator<Item = JsonType>>(types: I) -> Self {
        let mut set = Self::default();
        types.into_iter().for_each(|json_type| set.insert(json_type));
        set
    }
}

impl fmt::Debug for TypeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// One field of a run's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldShape {
    /// Records with a value for it.
    pub num_present: u64,
    /// The types of its values.
    pub types: TypeSet,
}

/// The fields and types of a run's records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunShape {
    /// Number of good records.
    pub num_records: u64,
    /// By field name.
    pub fields: BTreeMap<String, FieldShape>,
}

/// Thresholds for reporting differences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DriftPolicy {
    /// If the run, or all good runs together, have fewer records, nothing is reported. Default: 10.
    pub min_records: u64,
    /// Fields in less than this share (0 to 1) of the good runs' records are ignored. Default: 0.2.
    pub min_share: f64,
}

impl Default for DriftPolicy {
    fn default() -> Self {
        Self { min_records: 10, min_share: 0.2 }
    }
}

crate::words! {
    /// How a field drifted.
    pub enum DriftChange {
        /// The good runs had no value for it.
        New = "new",
        /// The good runs had values for it; this run has none.
        Lost = "lost",
        /// Its values have a type that the good runs' values didn't have.
        Retyped = "retyped",
        /// Some of its values are not of the type that its entity type declares.
        WrongType = "wrong_type",
        /// Its entity type requires it, and some records have no value for it.
        Missing = "missing",
    }
}

/// A field that drifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The field's name.
    pub field_name: String,
    /// How it drifted.
    pub change: DriftChange,
    /// The types of its values in the good runs, or those that its entity type declares.
    pub old_types: TypeSet,
    /// The types of its values in this run; of a declared field, those of its wrong values.
    pub new_types: TypeSet,
}

/// Compares a run with the last good runs of its scope; returns the drifted fields by name.
pub fn compare(run: &RunShape, good: &[RunShape], policy: &DriftPolicy) -> Vec<Drift> {
    let mut baseline = RunShape::default();
    for shape in good {
        baseline.num_records = baseline.num_records.saturating_add(shape.num_records);
        for (name, field) in &shape.fields {
            let known = baseline.fields.entry(name.clone()).or_default();
            known.num_present = known.num_present.saturating_add(field.num_present);
            known.types.merge(field.types);
        }
    }
    let min_records = policy.min_records.max(1);
    if baseline.num_records < min_records || run.num_records < min_records {
        return Vec::new();
    }
    let mut names: Vec<&String> = baseline.fields.keys().chain(run.fields.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let field = |shape: &RunShape, name: &String| shape.fields.get(name).copied().unwrap_or_default();
    let mut drifts = Vec::new();
    for name in names {
        let (before, now) = (field(&baseline, name), field(run, name));
        let was_usual = before.num_present as f64 >= policy.min_share * baseline.num_records as f64;
        let change = match (before.num_present > 0, now.num_present > 0) {
            (false, true) => Some(DriftChange::New),
            (true, false) => was_usual.then_some(DriftChange::Lost),
            (true, true) => {
                let is_retyped = !before.types.is_empty() && !now.types.is_subset(before.types);
                is_retyped.then_some(DriftChange::Retyped)
            }
            (false, false) => None,
        };
        if let Some(change) = change {
            let (old_types, new_types) = (before.types, now.types);
            drifts.push(Drift { field_name: name.clone(), change, old_types, new_types });
        }
    }
    drifts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shape(num_records: u64, fields: &[(&str, u64, &[JsonType])]) -> RunShape {
        let fields = fields.iter().map(|(name, num_present, types)| {
            let types = types.iter().copied().collect();
            ((*name).to_owned(), FieldShape { num_present: *num_present, types })
        });
        RunShape { num_records, fields: fields.collect() }
    }

    fn changes(run: &RunShape, good: &[RunShape]) -> Vec<String> {
        let drifts = compare(run, good, &DriftPolicy::default());
        drifts.iter().map(|drift| format!("{} {}", drift.field_name, drift.change)).collect()
    }

    #[test]
    fn new_lost_and_retyped_fields_are_reported() {
        use JsonType::{Number, String};
        let good = [
            shape(
                100,
                &[
                    ("id", 100, &[Number]),
                    ("price", 90, &[Number]),
                    ("title", 100, &[String]),
                    ("rare", 3, &[String]),
                ],
            ),
            shape(100, &[("id", 100, &[String]), ("price", 90, &[Number]), ("title", 100, &[])]),
        ];
        let run =
            shape(100, &[("id", 100, &[String]), ("price", 80, &[Number, String]), ("seats", 1, &[Number])]);
        assert_eq!(changes(&run, &good), ["price retyped", "seats new", "title lost"]);
        let price = &compare(&run, &good, &DriftPolicy::default())[0];
        assert_eq!(price.old_types.iter().collect::<Vec<_>>(), [Number]);
        assert_eq!(price.new_types.iter().collect::<Vec<_>>(), [Number, String]);
    }

    #[test]
    fn too_few_records_are_not_compared() {
        let (few, many) = (shape(9, &[("a", 9, &[])]), shape(100, &[("b", 100, &[])]));
        assert_eq!(changes(&few, std::slice::from_ref(&many)), [""; 0]);
        assert_eq!(changes(&many, &[few]), [""; 0]);
        assert_eq!(changes(&many, &[]), [""; 0]);
    }

    #[test]
    fn unrecorded_types_do_not_drift() {
        let recorded = shape(10, &[("a", 10, &[JsonType::Array])]);
        let unrecorded = shape(10, &[("a", 10, &[])]);
        assert_eq!(changes(&recorded, std::slice::from_ref(&unrecorded)), [""; 0]);
        assert_eq!(changes(&unrecorded, &[recorded]), [""; 0]);
    }

    fn shapes() -> impl Strategy<Value = RunShape> {
        let field =
            (1_u64..50, proptest::collection::vec(0_usize..5, 0..3)).prop_map(|(num_present, types)| {
                FieldShape {
                    num_present,
                    types: types.into_iter().map(|place| JsonType::ALL[place]).collect(),
                }
            });
        let fields = proptest::collection::btree_map("[a-e]", field, 0..6);
        (50_u64..100, fields).prop_map(|(num_records, fields)| RunShape { num_records, fields })
    }

    proptest! {
        #[test]
        fn a_run_like_the_good_ones_has_not_drifted(
            runs in proptest::collection::vec(shapes(), 1..5), place in any::<proptest::sample::Index>()
        ) {
            let run = place.get(&runs);
            let drifts = compare(run, &runs, &DriftPolicy { min_share: 1.1, ..DriftPolicy::default() });
            prop_assert_eq!(drifts, []);
        }

        #[test]
        fn reported_changes_are_real(run in shapes(), good in proptest::collection::vec(shapes(), 0..5)) {
            for drift in compare(&run, &good, &DriftPolicy::default()) {
                let was_there = good.iter().any(|shape| shape.fields.contains_key(&drift.field_name));
                let is_there = run.fields.contains_key(&drift.field_name);
                match drift.change {
                    DriftChange::WrongType | DriftChange::Missing => prop_assert!(false, "not compared"),
                    DriftChange::New => prop_assert!(is_there && !was_there),
                    DriftChange::Lost => prop_assert!(!is_there && was_there),
                    DriftChange::Retyped => {
                        prop_assert!(is_there && was_there);
                        prop_assert!(!drift.new_types.is_subset(drift.old_types));
                    }
                }
            }
        }
    }
}

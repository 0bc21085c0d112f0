//! Compares records with the declaration of their entity type as they come in.

use std::collections::BTreeMap;

use super::{Entity, Field, OnWrongType, field_type::FieldType};
use crate::{
    drift::{Drift, DriftChange, JsonType, TypeSet},
    json::Value,
    reject::{Reject, RejectReason},
};

/// The declaration of an entity type, ready to check records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityCheck {
    fields: Vec<(String, Field)>,
    rejects: bool,
}

/// What is wrong with a field of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Its value is not one of its type.
    WrongType(JsonType),
    /// It is required, and there is no value.
    Missing,
}

impl EntityCheck {
    /// A check of whole records.
    pub fn new(entity: &Entity) -> Self {
        let fields = entity.fields.iter().map(|(name, field)| (name.clone(), field.clone())).collect();
        Self { fields, rejects: entity.on_wrong_type == OnWrongType::Reject }
    }

    /// The same check for records that may be parts of what is stored: nothing is required of them.
    #[must_use]
    pub fn of_parts(mut self) -> Self {
        self.fields.iter_mut().for_each(|(_, field)| field.required = false);
        self
    }

    /// Checks one record: counts its problems, or rejects it because of the first one.
    pub(crate) fn check(&self, record: Value<'_>, violations: &mut Violations) -> Result<(), Reject> {
        for (name, field) in &self.fields {
            let filled =
                field.path.locate(record).and_then(|value| Some((value, JsonType::of_filled(value)?)));
            let problem = match filled {
                None if field.required => Problem::Missing,
                Some((value, found)) if !field.field_type.accepts(value) => Problem::WrongType(found),
                _ => continue,
            };
            if self.rejects {
                return Err(reject(name, field, problem));
            }
            violations.add(name, field, problem);
        }
        Ok(())
    }
}

fn reject(name: &str, field: &Field, problem: Problem) -> Reject {
    let place =
        if field.path.as_str() == name { String::new() } else { format!(" at {}", field.path.as_str()) };
    match problem {
        Problem::Missing => {
            Reject::new(RejectReason::MissingField, format!("the required field {name}{place} has no value"))
        }
        Problem::WrongType(found) => {
            let message = format!("the field {name}{place} must be {}; found {found}", field.field_type);
            Reject::new(RejectReason::WrongType, message)
        }
    }
}

/// The problems of a run's records, by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations(BTreeMap<String, FieldViolations>);

/// The problems with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldViolations {
    field_name: String,
    field_type: FieldType,
    num_wrong: u64,
    num_missing: u64,
    found: TypeSet,
}

impl Violations {
    fn add(&mut self, name: &str, field: &Field, problem: Problem) {
        let of_field = self.0.entry(name.to_owned()).or_insert_with(|| FieldViolations {
            field_name: field.path.top_level().to_owned(),
            field_type: field.field_type,
            num_wrong: 0,
            num_missing: 0,
            found: TypeSet::default(),
        });
        match problem {
            Problem::WrongType(found) => {
                of_field.num_wrong += 1;
                of_field.found.insert(found);
            }
            Problem::Missing => of_field.num_missing += 1,
        }
    }

    /// Adds those of another worker.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (name, theirs) in &other.0 {
            match self.0.get_mut(name) {
                Some(ours) => {
                    ours.num_wrong += theirs.num_wrong;
                    ours.num_missing += theirs.num_missing;
                    ours.found.merge(theirs.found);
                }
                None => drop(self.0.insert(name.clone(), theirs.clone())),
            }
        }
    }

    /// Adds them to the drift of their run. They replace what the comparison with other runs says of the same field.
    pub fn add_to(&self, drifts: &mut Vec<Drift>) {
        for violations in self.0.values() {
            let change = if violations.num_wrong > 0 { DriftChange::WrongType } else { DriftChange::Missing };
            drifts.retain(|drift| drift.field_name != violations.field_name);
            drifts.push(Drift {
                field_name: violations.field_name.clone(),
                change,
                old_types: violations.field_type.json_types(),
                new_types: violations.found,
            });
        }
        drifts.sort_by(|a, b| a.field_name.cmp(&b.field_name));
    }

    /// A sentence about each field, with its counts.
    pub fn sentences(&self) -> Vec<String> {
        let records = |count| if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
        let of_field = |(name, violations): (&String, &FieldViolations)| {
            let wrong = (violations.num_wrong > 0).then(|| {
                let (count, field_type) = (records(violations.num_wrong), violations.field_type);
                format!("{name} is not of type {field_type} in {count}")
            });
            let missing = (violations.num_missing > 0)
                .then(|| format!("{name} is required and missing in {}", records(violations.num_missing)));
            wrong.into_iter().chain(missing)
        };
        self.0.iter().flat_map(of_field).collect()
    }
}

//! Typed entities: what an entity type declares about its records, field by field.
//!
//! A declaration gives each field a column with a type. [`EntityCheck`] compares records with it as they come in;
//! views read the same fields from stored payloads. Both accept the same values ([`FieldType::accepts`]): a test of
//! the store compares it with the functions of the database.

mod check;
mod field_type;
mod preset;
#[cfg(test)]
mod tests;
mod time;

use std::collections::{BTreeMap, BTreeSet};

use crate::field_path::FieldPath;

pub use self::{
    check::{EntityCheck, Problem, Violations},
    field_type::{FieldType, ScalarType, UnknownType},
    preset::Preset,
};

/// The columns of every view of an entity, before those of its fields, with their comments.
pub const VIEW_COLUMNS: [(&str, &str); 9] = [
    ("reference_id", "The reference."),
    ("source", "The name of its source."),
    ("record_key", "Its identity inside the source."),
    ("version", "1 for its first content, incremented with each change of content."),
    ("contract_version", "The version of this row's shape, for rows read from user tables."),
    ("scope", "The scope that it belongs to; empty: the whole source."),
    ("first_seen_at", "When it was first observed."),
    ("changed_at", "When its latest change was observed."),
    ("observed_at", "When the run that last wrote it observed the source."),
];

/// Whether every view has a column of this name.
pub fn is_view_column(name: &str) -> bool {
    VIEW_COLUMNS.iter().any(|(column, _)| *column == name)
}

crate::words! {
    /// What happens to a record with a field of the wrong type, or without a required one.
    #[derive(Default)]
    pub enum OnWrongType {
        /// It is stored and counts as drift of its run.
        #[default]
        Drift = "drift",
        /// It is rejected.
        Reject = "reject",
    }
}

/// A field of an entity: one column of its view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The type of its values.
    pub field_type: FieldType,
    /// Where its value is in a record.
    pub path: FieldPath,
    /// Whether each record has a value for it.
    pub required: bool,
    /// The entity type whose record key it holds.
    pub references: Option<String>,
    /// Whether it gets an index.
    pub filter: bool,
}

impl Field {
    /// An optional field of this type at the top level of the record, without an index.
    pub fn new(name: &str, field_type: FieldType) -> Self {
        let path = FieldPath::of_name(name);
        Self { field_type, path, required: false, references: None, filter: false }
    }
}

/// A declared entity type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// The entity type.
    pub name: String,
    /// The name of its view.
    pub view: String,
    /// Its fields by the name of their column.
    pub fields: BTreeMap<String, Field>,
    /// What happens to a record that does not fit.
    pub on_wrong_type: OnWrongType,
}

impl Entity {
    /// The name of the view of its revisions.
    pub fn revisions_view(&self) -> String {
        format!("{}_revisions", self.view)
    }
}

/// Declared entity types by name.
pub type Declared = BTreeMap<String, Entity>;

/// Why declarations don't fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntityError {
    /// A field has the name of a column that every view has.
    #[error("every view has a column {0} already; name the field differently and set its `path`")]
    ColumnTaken(String),
    /// A field refers to an entity type without fields.
    #[error("{0} is not an entity type with fields; declare `[entities.{0}]` with fields or a preset")]
    ReferenceUnknown(String),
    /// A field that refers to records is of a type that holds no key.
    #[error("a field with `references` holds a record key, so its type is text, integer or uuid, not {0}")]
    ReferenceType(FieldType),
    /// A field with an index is of a type without an order.
    #[error("`filter` needs a type with single values, and this one is {0}")]
    FilterType(FieldType),
    /// Two entity types have one view.
    #[error("the view {0} is that of another entity type too; set another `view`")]
    ViewTaken(String),
}

impl EntityError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ColumnTaken(_) => "entity_column_taken",
            Self::ReferenceUnknown(_) => "entity_reference_unknown",
            Self::ReferenceType(_) => "entity_reference_type",
            Self::FilterType(_) => "entity_filter_type",
            Self::ViewTaken(_) => "entity_view_taken",
        }
    }
}

/// Checks that declarations fit together. Error: the entity type, the field, and the problem.
pub fn check(entities: &Declared) -> Result<(), (String, Option<String>, EntityError)> {
    let mut views = BTreeSet::new();
    for (name, entity) in entities {
        for view in [entity.view.clone(), entity.revisions_view()] {
            if !views.insert(view.clone()) {
                return Err((name.clone(), None, EntityError::ViewTaken(view)));
            }
        }
        for (column, field) in &entity.fields {
            let problem = field_problem(entities, column, field);
            if let Some(problem) = problem {
                return Err((name.clone(), Some(column.clone()), problem));
            }
        }
    }
    Ok(())
}

fn field_problem(entities: &Declared, column: &str, field: &Field) -> Option<EntityError> {
    if is_view_column(column) {
        return Some(EntityError::ColumnTaken(column.to_owned()));
    }
    if let Some(target) = &field.references {
        if !entities.contains_key(target) {
            return Some(EntityError::ReferenceUnknown(target.clone()));
        }
        if !field.field_type.holds_keys() {
            return Some(EntityError::ReferenceType(field.field_type));
        }
    }
    (field.filter && !field.field_type.is_indexable()).then_some(EntityError::FilterType(field.field_type))
}

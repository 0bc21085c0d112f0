//! A database's catalogue, and types of its tables, views and functions for programs.
//!
//! The store reads the catalogue once; each language has a printer: [`typescript`], [`rust`], [`python`] and
//! [`json_schema`]. Names keep the order that [`collation`] gives them, so the text is the same on every machine.
//!
//! The names and comments come from other people: a printer escapes them for its language.

use std::collections::{HashMap, HashSet};

pub mod collation;
pub mod json_schema;
pub mod python;
pub mod rust;
mod shapes;
pub mod typescript;
pub mod view_keys;

crate::words! {
    /// A language to print types in.
    pub enum Language {
        /// For supabase-js.
        TypeScript = "typescript",
        /// Structs with serde.
        Rust = "rust",
        /// Typed dictionaries.
        Python = "python",
        /// Definitions for validators.
        JsonSchema = "json-schema",
    }
}

/// Prints the types of a catalogue in order. `default_schema` is the one that helpers for single tables mean.
pub fn print(language: Language, catalogue: &Catalogue, default_schema: &str) -> String {
    match language {
        Language::TypeScript => typescript::print(catalogue, default_schema),
        Language::Rust => rust::print(catalogue),
        Language::Python => python::print(catalogue),
        Language::JsonSchema => json_schema::print(catalogue),
    }
}

/// What the catalogue says of some schemas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Their names.
    pub schemas: Vec<String>,
    /// Their tables and views.
    pub relations: Vec<Relation>,
    /// The foreign keys of their tables and views, within one schema.
    pub relationships: Vec<Relationship>,
    /// Their functions.
    pub functions: Vec<Function>,
    /// The types of all schemas, because columns may use any.
    pub types: Vec<Type>,
}

crate::words! {
    /// The kind of a relation.
    pub enum RelationKind {
        /// A table, or a partitioned table.
        Table = "table",
        /// A table of another server.
        ForeignTable = "foreign table",
        /// A view.
        View = "view",
        /// A materialized view, which is read-only.
        MaterializedView = "materialized view",
    }
}

/// A table or a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Its id in the catalogue.
    pub id: u32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: RelationKind,
    /// Whether it is a partition of another table.
    pub is_partition: bool,
    /// Whether rows can be inserted.
    pub is_insertable: bool,
    /// Whether rows can be updated.
    pub is_updatable: bool,
    /// Its comment.
    pub comment: Option<String>,
    /// Its columns.
    pub columns: Vec<Column>,
}

impl Relation {
    /// Whether it is a view of either kind.
    pub fn is_view(&self) -> bool {
        matches!(self.kind, RelationKind::View | RelationKind::MaterializedView)
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are facts of the catalogue that don't depend on each other"
)]
pub struct Column {
    /// Its number in the relation.
    pub number: i16,
    /// Its name.
    pub name: String,
    /// The id of its type, which may be a domain.
    pub type_id: u32,
    /// Whether it may be null. Columns of views always may.
    pub is_nullable: bool,
    /// Whether it has a value if an insert gives none: a default, or the next of its sequence.
    pub has_default: bool,
    /// Whether only the database gives it a value.
    pub is_generated: bool,
    /// Whether a column of a view can be written.
    pub is_updatable: bool,
    /// Its comment.
    pub comment: Option<String>,
}

/// A foreign key, of a table or as a view shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// The name of the constraint.
    pub name: String,
    /// The schema of both relations.
    pub schema: String,
    /// The relation that refers.
    pub relation: String,
    /// Its columns; `None` if they are unknown.
    pub columns: Option<Vec<String>>,
    /// Whether at most one row refers to each row.
    pub is_one_to_one: bool,
    /// The relation that is referred to.
    pub referenced_relation: String,
    /// Its columns; `None` if they are unknown.
    pub referenced_columns: Option<Vec<String>>,
}

crate::words! {
    /// What a parameter of a function is for.
    pub enum ParameterMode {
        /// Input.
        In = "i",
        /// Output.
        Out = "o",
        /// Both.
        InOut = "b",
        /// Input, any number of values.
        Variadic = "v",
        /// A column of the result.
        Table = "t",
    }
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its parameters, as the server writes them.
    pub signature: String,
    /// Its result, as the server writes it.
    pub result: String,
    /// Its parameters, results included.
    pub parameters: Vec<Parameter>,
    /// The id of the type that it returns.
    pub type_id: u32,
    /// Whether it returns rows.
    pub is_set: bool,
    /// Whether it is expected to return more than one row.
    pub returns_many: bool,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// What it is for.
    pub mode: ParameterMode,
    /// Its name; empty if it has none.
    pub name: String,
    /// The id of its type.
    pub type_id: u32,
    /// Whether it may be left out.
    pub has_default: bool,
}

impl Parameter {
    /// Whether a caller gives it.
    pub fn is_input(&self) -> bool {
        matches!(self.mode, ParameterMode::In | ParameterMode::InOut | ParameterMode::Variadic)
    }
}

/// A type of the database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Type {
    /// Its id in the catalogue.
    pub id: u32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its name as the server writes it, with the schema where that is needed.
    pub format: String,
    /// The id of the relation with such rows. A composite type has one as well.
    pub relation_id: Option<u32>,
    /// The id of the type that a domain restricts.
    pub base_id: Option<u32>,
    /// The id of the elements' type, if it is an array.
    pub element_id: Option<u32>,
    /// The values of an enum, in order.
    pub labels: Vec<String>,
    /// The parts of a composite type: names, and ids of types.
    pub attributes: Vec<(String, u32)>,
    /// Its comment.
    pub comment: Option<String>,
}

impl Catalogue {
    /// Puts everything in order: relations, columns, functions, parameters and types by name, keys by their names.
    pub fn sort(&mut self) {
        self.schemas.sort_by(|a, b| collation::compare(a, b));
        self.relations.sort_by(|a, b| {
            collation::compare(&a.schema, &b.schema).then_with(|| collation::compare(&a.name, &b.name))
        });
        for relation in &mut self.relations {
            relation.columns.sort_by(|a, b| collation::compare(&a.name, &b.name));
        }
        self.relationships.sort_by(|a, b| {
            collation::compare(&a.name, &b.name)
                .then_with(|| collation::compare(&a.referenced_relation, &b.referenced_relation))
                .then_with(|| compare_lists(a.referenced_columns.as_deref(), b.referenced_columns.as_deref()))
        });
        for function in &mut self.functions {
            function.parameters.sort_by(|a, b| collation::compare(&a.name, &b.name));
        }
        self.functions.sort_by(|a, b| {
            collation::compare(&a.schema, &b.schema)
                .then_with(|| collation::compare(&a.name, &b.name))
                .then_with(|| collation::compare(&a.signature, &b.signature))
                .then_with(|| collation::compare(&a.result, &b.result))
        });
        self.types.sort_by(|a, b| {
            collation::compare(&a.schema, &b.schema).then_with(|| collation::compare(&a.name, &b.name))
        });
    }
}

/// Compares lists of names as the text of a JSON array.
fn compare_lists(a: Option<&[String]>, b: Option<&[String]>) -> std::cmp::Ordering {
    let text =
        |names: Option<&[String]>| names.map_or_else(|| "null".to_owned(), |names| format!("{names:?}"));
    collation::compare(&text(a), &text(b))
}

/// Fast access to the parts of a catalogue.
pub(crate) struct Lookup<'a> {
    types: HashMap<u32, &'a Type>,
    by_name: HashMap<&'a str, Vec<&'a Type>>,
    relations: HashMap<u32, &'a Relation>,
    relations_by_name: HashMap<&'a str, Vec<&'a Relation>>,
    schemas: HashSet<&'a str>,
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        let mut by_name: HashMap<&str, Vec<&Type>> = HashMap::new();
        for each in &catalogue.types {
            by_name.entry(&each.name).or_default().push(each);
        }
        let mut relations_by_name: HashMap<&str, Vec<&Relation>> = HashMap::new();
        for relation in &catalogue.relations {
            relations_by_name.entry(&relation.name).or_default().push(relation);
        }
        Self {
            types: catalogue.types.iter().map(|each| (each.id, each)).collect(),
            by_name,
            relations: catalogue.relations.iter().map(|relation| (relation.id, relation)).collect(),
            relations_by_name,
            schemas: catalogue.schemas.iter().map(String::as_str).collect(),
        }
    }

    /// A type by its id.
    pub(crate) fn get(&self, id: u32) -> Option<&'a Type> {
        self.types.get(&id).copied()
    }

    /// A type by its id; of a domain, the type that it restricts.
    pub(crate) fn plain(&self, id: u32) -> Option<&'a Type> {
        let found = self.get(id)?;
        found.base_id.map_or(Some(found), |base| self.get(base))
    }

    /// The first type of a name for which the condition holds, preferably of the schema.
    pub(crate) fn named(&self, schema: &str, name: &str, holds: impl Fn(&Type) -> bool) -> Option<&'a Type> {
        let found = || self.by_name.get(name).into_iter().flatten().copied().filter(|each| holds(each));
        found().find(|each| each.schema == schema).or_else(|| found().next())
    }

    /// A relation by its id.
    pub(crate) fn relation(&self, id: u32) -> Option<&'a Relation> {
        self.relations.get(&id).copied()
    }

    /// The relation of a name, preferably of the schema, and a table rather than a view.
    pub(crate) fn relation_named(&self, schema: &str, name: &str) -> Option<&'a Relation> {
        let found = self.relations_by_name.get(name)?;
        let place = |relation: &&&Relation| (relation.schema != schema, relation.kind as u8);
        found.iter().min_by_key(place).copied()
    }

    /// Whether a schema is among those whose types are printed.
    pub(crate) fn has_schema(&self, schema: &str) -> bool {
        self.schemas.contains(schema)
    }
}

//! What the printers other than TypeScript have in common: the meaning of types, and names that are free.
//!
//! The types are those of rows as JSON, which is how `PostgREST` and `to_jsonb` write them: numbers, booleans, arrays
//! and objects are themselves, everything else is text. A domain means what it restricts.

use std::collections::HashSet;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{Catalogue, Column, Lookup, Relation, Type};

/// The meaning of a type.
#[derive(Clone, Debug)]
pub(super) enum Meaning<'a> {
    /// A value with a meaning of its own.
    Scalar(Scalar),
    /// An enum.
    Enum(&'a Type),
    /// A composite type.
    Composite(&'a Type),
    /// A row of a relation that is printed.
    Row(&'a Relation),
    /// An array.
    List(Box<Meaning<'a>>),
    /// A row of a relation that is not printed.
    Object,
}

/// A value that languages have types for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Json,
    Uuid,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    /// Everything else.
    Text,
}

/// The relations and types to print, and what their columns mean.
pub(super) struct Shapes<'a> {
    catalogue: &'a Catalogue,
    lookup: Lookup<'a>,
}

impl<'a> Shapes<'a> {
    pub(super) fn new(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, lookup: Lookup::new(catalogue) }
    }

    pub(super) fn schemas(&self) -> impl Iterator<Item = &'a str> {
        self.catalogue.schemas.iter().map(String::as_str)
    }

    /// The enums of a schema.
    pub(super) fn enums(&self, schema: &str) -> impl Iterator<Item = &'a Type> {
        self.catalogue.types.iter().filter(move |each| each.schema == schema && !each.labels.is_empty())
    }

    /// The composite types of a schema.
    pub(super) fn composites(&self, schema: &str) -> impl Iterator<Item = &'a Type> {
        self.catalogue.types.iter().filter(move |each| each.schema == schema && !each.attributes.is_empty())
    }

    /// The tables and views of a schema. A partition has the rows of its table.
    pub(super) fn relations(&self, schema: &str) -> impl Iterator<Item = &'a Relation> {
        let relations = self.catalogue.relations.iter();
        relations.filter(move |relation| relation.schema == schema && !relation.is_partition)
    }

    /// What a type means.
    pub(super) fn meaning(&self, id: u32) -> Meaning<'a> {
        let Some(found) = self.lookup.get(id) else { return Meaning::Scalar(Scalar::Text) };
        if let Some(base) = found.base_id {
            return self.meaning(base);
        }
        if let Some(element) = found.element_id {
            return Meaning::List(Box::new(self.meaning(element)));
        }
        let is_printed = self.lookup.has_schema(&found.schema);
        if !found.labels.is_empty() {
            return if is_printed { Meaning::Enum(found) } else { Meaning::Scalar(Scalar::Text) };
        }
        if let Some(relation) = found.relation_id {
            return match self.lookup.relation(relation) {
                Some(relation) if !relation.is_partition => Meaning::Row(relation),
                None if is_printed && !found.attributes.is_empty() => Meaning::Composite(found),
                _ => Meaning::Object,
            };
        }
        if found.schema != "pg_catalog" {
            return Meaning::Scalar(Scalar::Text);
        }
        Meaning::Scalar(match found.name.as_str() {
            "bool" => Scalar::Bool,
            "int2" => Scalar::Int2,
            "int4" => Scalar::Int4,
            "int8" => Scalar::Int8,
            "float4" => Scalar::Float4,
            "float8" => Scalar::Float8,
            "numeric" => Scalar::Numeric,
            "json" | "jsonb" => Scalar::Json,
            "uuid" => Scalar::Uuid,
            "date" => Scalar::Date,
            "time" => Scalar::Time,
            "timestamp" => Scalar::Timestamp,
            "timestamptz" => Scalar::TimestampTz,
            _ => Scalar::Text,
        })
    }
}

/// The columns of a relation in its own order.
pub(super) fn in_order(relation: &Relation) -> Vec<&Column> {
    let mut columns: Vec<&Column> = relation.columns.iter().collect();
    columns.sort_by_key(|column| column.number);
    columns
}

/// The columns that a write may contain, each with whether it may be left out of an insert.
pub(super) fn written(relation: &Relation) -> Vec<(&Column, bool)> {
    let is_view = relation.is_view();
    let columns = in_order(relation).into_iter();
    let columns = columns.filter(|column| if is_view { column.is_updatable } else { !column.is_generated });
    columns.map(|column| (column, is_view || column.is_nullable || column.has_default)).collect()
}

/// Names that are used already.
pub(super) struct Names {
    used: HashSet<String>,
}

impl Names {
    /// None but those that a language reserves.
    pub(super) fn new(reserved: &[&str]) -> Self {
        Self { used: reserved.iter().map(|name| (*name).to_owned()).collect() }
    }

    /// The name, or with a number if it is used.
    pub(super) fn free(&mut self, name: &str) -> String {
        let mut candidate = name.to_owned();
        let mut number = 2;
        while !self.used.insert(candidate.clone()) {
            candidate = format!("{name}{number}");
            number += 1;
        }
        candidate
    }
}

/// The words of a name, in ASCII, without accents.
fn words(name: &str) -> Vec<String> {
    let plain: String = name.nfd().filter(|each| !is_combining_mark(*each)).collect();
    let words = plain.split(|each: char| !each.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A name for a type: `EventNotes`.
pub(super) fn type_name(name: &str) -> String {
    let mut text = String::new();
    for word in words(name) {
        let (first, rest) = word.split_at(1);
        // The words of `_1_2` must not become one number.
        if text.ends_with(|last: char| last.is_ascii_digit())
            && first.starts_with(|c: char| c.is_ascii_digit())
        {
            text.push('_');
        }
        text.push_str(&first.to_ascii_uppercase());
        text.push_str(rest);
    }
    match text.chars().next() {
        None => "Unnamed".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("T{text}"),
        Some(_) => text,
    }
}

/// A name for a field: `event_notes`.
pub(super) fn field_name(name: &str) -> String {
    let text = words(name).join("_").to_ascii_lowercase();
    match text.chars().next() {
        None => "unnamed".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{text}"),
        Some(_) => text,
    }
}

/// The lines of a comment, without what could end it or disguise it.
pub(super) fn lines(comment: &str) -> impl Iterator<Item = String> {
    let is_disguise = |each: char| {
        each.is_control()
            || matches!(each, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    comment.trim().lines().map(move |line| line.trim().replace(is_disguise, "\u{fffd}"))
}

#[cfg(test)]
mod tests {
    use super::{Names, field_name, lines, type_name};

    #[test]
    fn odd_names_become_identifiers() {
        assert_eq!(type_name("event_notes"), "EventNotes");
        assert_eq!(type_name("1_2 ünïcode-x"), "T1_2UnicodeX");
        assert_eq!(type_name("日本"), "Unnamed");
        assert_eq!(field_name("Quoted Column"), "quoted_column");
        assert_eq!(field_name("1st"), "n1st");
        let mut names = Names::new(&["String"]);
        assert_eq!([names.free("String"), names.free("a"), names.free("a")], ["String2", "a", "a2"]);
    }

    #[test]
    fn a_comment_keeps_its_lines() {
        let found: Vec<String> = lines(" one\r\n  two\u{202e}\r#\u{7}\n").collect();
        assert_eq!(found, ["one", "two\u{fffd}\u{fffd}#\u{fffd}"]);
    }
}

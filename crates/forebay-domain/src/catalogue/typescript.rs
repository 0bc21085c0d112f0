//! Types for supabase-js and other clients of `PostgREST`.
//!
//! The text is that of `postgres-meta`, the generator behind `supabase gen types`, so either can replace the other,
//! peculiarities included. For example, a type is looked up by its name, and a domain over a domain is `unknown`. When
//! changing this, compare with it: CLI `types.rs` runs both.

mod functions;
mod helpers;
mod layout;
mod names;

use std::fmt::Write;

use self::{
    functions::Functions,
    layout::{Layout, Shape},
    names::quoted,
};
use super::{Catalogue, Column, Lookup, Relation, Relationship, Type};

/// What all types of a catalogue are made from.
struct Printer<'a> {
    catalogue: &'a Catalogue,
    lookup: Lookup<'a>,
}

/// Prints the types of a catalogue in order; `default_schema` is the one that the helpers for single tables use.
pub fn print(catalogue: &Catalogue, default_schema: &str) -> String {
    let printer = Printer { catalogue, lookup: Lookup::new(catalogue) };
    let schemas = catalogue.schemas.iter().map(|schema| (schema.as_str(), printer.schema(schema)));
    let mut page = helpers::JSON.to_owned();
    page.push_str("\nexport type Database = ");
    Layout::new(&mut page).write(&Shape::open(schemas));
    page.push('\n');
    helpers::write(&mut page, default_schema);
    page.push_str("\nexport const Constants = {\n");
    for schema in &catalogue.schemas {
        printer.constants(&mut page, schema);
    }
    page.push_str("} as const\n");
    page
}

impl Printer<'_> {
    fn schema(&self, schema: &str) -> Shape {
        let functions = Functions::of(self, schema);
        let relations = |are_views: bool| {
            let found = self.catalogue.relations.iter().filter(|relation| relation.schema == schema);
            let found = found.filter(|relation| relation.is_view() == are_views);
            found.map(|relation| (relation.name.as_str(), self.relation(relation, &functions))).collect()
        };
        let types = || self.catalogue.types.iter().filter(|each| each.schema == schema);
        let enums = types().filter(|each| !each.labels.is_empty());
        let composites = types().filter(|each| !each.attributes.is_empty());
        let sections: [(&str, Vec<(&str, Shape)>); 5] = [
            ("Tables", relations(false)),
            ("Views", relations(true)),
            ("Functions", functions.shapes()),
            ("Enums", enums.map(|each| (each.name.as_str(), labels(each))).collect()),
            ("CompositeTypes", composites.map(|each| (each.name.as_str(), self.composite(each))).collect()),
        ];
        Shape::open(sections.into_iter().map(|(name, entries)| (name, Shape::section(entries))))
    }

    fn relation(&self, relation: &Relation, functions: &Functions<'_>) -> Shape {
        let mut row = self.columns(relation);
        for (name, shape) in functions.computed(relation) {
            row.push((name, shape));
        }
        let mut parts = vec![("Row", Shape::open(row))];
        if relation.is_insertable {
            parts.push(("Insert", self.written(relation, false)));
        }
        if relation.is_updatable {
            parts.push(("Update", self.written(relation, true)));
        }
        let own = self.catalogue.relationships.iter().filter(|relationship| {
            relationship.schema == relation.schema && relationship.relation == relation.name
        });
        parts.push(("Relationships", Shape::Tuple(own.map(relationship_shape).collect())));
        Shape::open(parts)
    }

    /// The columns as a row has them.
    fn columns<'r>(&self, relation: &'r Relation) -> Vec<(&'r str, Shape)> {
        let shape = |column: &'r Column| (column.name.as_str(), self.column(column, column.is_nullable));
        relation.columns.iter().map(shape).collect()
    }

    /// The columns as an insert or an update gives them. Every column of a view may be left out.
    fn written(&self, relation: &Relation, is_update: bool) -> Shape {
        let is_view = relation.is_view();
        let fields = relation.columns.iter().map(|column| {
            let is_refused = if is_view { !column.is_updatable } else { column.is_generated };
            if is_refused {
                return (column.name.clone(), true, Shape::text("never"));
            }
            let is_optional = is_update || is_view || column.is_nullable || column.has_default;
            (column.name.clone(), is_optional, self.column(column, is_view || column.is_nullable))
        });
        Shape::Object { fields: fields.collect(), is_open: true }
    }

    fn column(&self, column: &Column, is_nullable: bool) -> Shape {
        // The type that a domain restricts.
        let shape = match self.lookup.plain(column.type_id) {
            Some(found) => self.named(&found.schema, &found.name),
            None => Shape::text("unknown"),
        };
        shape.or_null(is_nullable)
    }

    fn composite(&self, composite: &Type) -> Shape {
        let attribute =
            |(name, id): &(String, u32)| (name.clone(), false, self.of_id(*id).or_null_if_known());
        Shape::Object { fields: composite.attributes.iter().map(attribute).collect(), is_open: true }
    }

    /// A type by its id; a domain has no type of its own.
    fn of_id(&self, id: u32) -> Shape {
        self.lookup
            .get(id)
            .map_or_else(|| Shape::text("unknown"), |found| self.named(&found.schema, &found.name))
    }

    /// A type by its name, preferably of the schema.
    fn named(&self, schema: &str, name: &str) -> Shape {
        let known = match name {
            "bool" => "boolean",
            "int2" | "int4" | "int8" | "float4" | "float8" | "numeric" => "number",
            "bytea" | "bpchar" | "varchar" | "date" | "text" | "citext" | "time" | "timetz" | "timestamp"
            | "timestamptz" | "uuid" | "vector" | "interval" => "string",
            "json" | "jsonb" => "Json",
            "void" => "undefined",
            "record" => "Record<string, unknown>",
            _ => "",
        };
        if !known.is_empty() {
            return Shape::text(known);
        }
        if let Some(element) = name.strip_prefix('_') {
            return Shape::List { of: Box::new(self.named(schema, element)), is_bare: false };
        }
        let path = |schema: &str, kind: &str, name: &str, part: &str| {
            Shape::Text(format!("Database[{}][\"{kind}\"][{}]{part}", quoted(schema), quoted(name)))
        };
        if let Some(found) = self.lookup.named(schema, name, |each| !each.labels.is_empty()) {
            return if self.lookup.has_schema(&found.schema) {
                path(&found.schema, "Enums", &found.name, "")
            } else {
                labels(found)
            };
        }
        if let Some(found) = self.lookup.named(schema, name, |each| !each.attributes.is_empty()) {
            return if self.lookup.has_schema(&found.schema) {
                path(&found.schema, "CompositeTypes", &found.name, "")
            } else {
                Shape::text("unknown")
            };
        }
        match self.lookup.relation_named(schema, name) {
            Some(found) if found.is_view() => path(&found.schema, "Views", &found.name, "[\"Row\"]"),
            Some(found) => path(&found.schema, "Tables", &found.name, "[\"Row\"]"),
            None => Shape::text("unknown"),
        }
    }

    /// The values of a schema's enums, for programs that list them.
    fn constants(&self, page: &mut String, schema: &str) {
        let of_schema = self.catalogue.types.iter().filter(|each| each.schema == schema);
        let enums: Vec<&Type> = of_schema.filter(|each| !each.labels.is_empty()).collect();
        let _ = write!(page, "  {}: {{\n    Enums: {{", names::key(schema));
        for each in &enums {
            let values: Vec<String> = each.labels.iter().map(|label| quoted(label)).collect();
            let line = format!("      {}: [{}],", names::key(&each.name), values.join(", "));
            page.push('\n');
            if line.chars().count() <= layout::WIDTH {
                page.push_str(&line);
                continue;
            }
            let _ = write!(page, "      {}: [", names::key(&each.name));
            for value in values {
                let _ = write!(page, "\n        {value},");
            }
            page.push_str("\n      ],");
        }
        page.push_str(if enums.is_empty() { "},\n  },\n" } else { "\n    },\n  },\n" });
    }
}

fn labels(each: &Type) -> Shape {
    match &each.labels[..] {
        [label] => Shape::Text(quoted(label)),
        labels => Shape::Union(labels.iter().map(|label| Shape::Text(quoted(label))).collect()),
    }
}

fn relationship_shape(relationship: &Relationship) -> Shape {
    let columns = |names: Option<&[String]>| match names {
        None => Shape::text("null"),
        Some(names) => Shape::Tuple(names.iter().map(|name| Shape::Text(quoted(name))).collect()),
    };
    Shape::open([
        ("foreignKeyName", Shape::Text(quoted(&relationship.name))),
        ("columns", columns(relationship.columns.as_deref())),
        ("isOneToOne", Shape::Text(relationship.is_one_to_one.to_string())),
        ("referencedRelation", Shape::Text(quoted(&relationship.referenced_relation))),
        ("referencedColumns", columns(relationship.referenced_columns.as_deref())),
    ])
}

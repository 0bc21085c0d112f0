//! The statements about an entity type, made from its declaration.
//!
//! Names are checked and quoted, and everything else from the declaration is a quoted literal: a view can have no
//! parameters. A view and an index write the expression of a field alike, or the index would not be used.

use forebay_domain::{
    entity::{Declared, Entity, Field, FieldType, ScalarType, VIEW_COLUMNS},
    identity::VersionHash,
};

use crate::{
    error::Result,
    tables::{ColumnName, SchemaName, literal},
};

/// A view to create.
pub(super) struct View {
    /// Its name without the schema.
    pub(super) name: String,
    pub(super) statement: String,
    pub(super) drop_statement: String,
    pub(super) comments: String,
}

/// An index to create.
pub(super) struct Index {
    pub(super) name: String,
    pub(super) statement: String,
}

/// The view of the references of an entity type, and that of their revisions.
pub(super) fn views(schema: &SchemaName, entity: &Entity) -> Result<[View; 2]> {
    let entity_type = literal(&entity.name);
    let view = format!("{schema}.{}", ColumnName::parse(&entity.view)?);
    let revisions = format!("{schema}.{}", ColumnName::parse(&entity.revisions_view())?);
    let mut columns = Vec::new();
    let mut comments =
        comment("view", &view, &format!("Forebay entity {}: its active references.", entity.name));
    for (name, about) in VIEW_COLUMNS {
        columns.push(match name {
            "source" => "n.name as source".to_owned(),
            "scope" => "forebay.scope_of(r.scope) as scope".to_owned(),
            name => format!("r.{name}"),
        });
        comments += &comment("column", &format!("{view}.{name}"), about);
    }
    for (name, field) in &entity.fields {
        let column = ColumnName::parse(name)?;
        columns.push(format!("{} as {column}", expression(field, "r.payload")));
        comments += &comment("column", &format!("{view}.{column}"), &about(name, field));
    }
    let references = View {
        name: entity.view.clone(),
        statement: format!(
            "create or replace view {view} with (security_invoker = true) as select {} \
             from forebay.\"references\" as r \
             left join forebay_private.source_names() as n on n.source_id = r.source_id \
             where r.entity_type = {entity_type} and r.removed_at is null",
            columns.join(", ")
        ),
        drop_statement: format!("drop view {view}"),
        comments,
    };
    let about = format!("Forebay entity {}: each changed field of each version.", entity.name);
    let mut comments = comment("view", &revisions, &about);
    for (name, about) in [
        ("reference_id", "The reference."),
        ("source", "The name of its source."),
        ("record_key", "Its identity inside the source."),
        ("changed_at", "When the change was observed."),
        ("version", "The version that the change created, removed or restored."),
        ("change", "updated, removed or restored."),
        ("field_name", "The field of the record that changed; removed_at: the reference itself."),
        ("old_value", "Its value before, as JSON; null: it had none."),
        ("new_value", "Its value after, as JSON; null: it has none."),
    ] {
        comments += &comment("column", &format!("{revisions}.{name}"), about);
    }
    let revisions = View {
        name: entity.revisions_view(),
        statement: format!(
            "create or replace view {revisions} with (security_invoker = true) as \
             select v.reference_id, n.name as source, r.record_key, v.changed_at, v.version, v.change, v.field_name, \
             v.old_value, v.new_value \
             from forebay.reference_revisions as v \
             join forebay.\"references\" as r on r.reference_id = v.reference_id \
             left join forebay_private.source_names() as n on n.source_id = r.source_id \
             where r.entity_type = {entity_type}"
        ),
        drop_statement: format!("drop view {revisions}"),
        comments,
    };
    Ok([references, revisions])
}

/// The indexes of fields that are filtered by, or that refer to another entity type, and that of the record keys if
/// another one refers to them.
pub(super) fn indexes(entity: &Entity, declared: &Declared) -> Vec<Index> {
    let is_searched = |field: &Field| field.filter || field.references.is_some();
    let searched = entity.fields.iter().filter(|(_, field)| is_searched(field));
    let mut indexes: Vec<Index> = searched
        .map(|(name, field)| index(entity, name, &format!("({})", expression(field, "payload"))))
        .collect();
    let mut fields = declared.values().flat_map(|other| other.fields.values());
    if fields.any(|field| field.references.as_ref() == Some(&entity.name)) {
        indexes.push(index(entity, "record_key", "record_key"));
    }
    indexes
}

fn index(entity: &Entity, column: &str, key: &str) -> Index {
    let on = format!(
        "forebay.\"references\" ({key}) where entity_type = {} and removed_at is null",
        literal(&entity.name)
    );
    // A changed declaration has another index.
    let digest = VersionHash::of(on.as_bytes()).to_string();
    let readable = format!("entity_{}_{column}", entity.name).replace(['"', '\0'], "");
    let name = format!("{}_{}", &readable[..readable.floor_char_boundary(50)], &digest[..8]);
    let statement = format!("create index concurrently \"{name}\" on {on}");
    Index { name, statement }
}

/// Counts, in an array with two places for each field, references with a wrong value and without a required one.
pub(super) fn count_statement(entity: &Entity) -> String {
    let counts = entity.fields.values().flat_map(|field| {
        let value = value(field, "r.payload");
        let is_blank = format!("coalesce({value}, 'null') in ('null', '\"\"')");
        let wrong = format!(
            "count(*) filter (where not ({is_blank}) and ({}) is null)",
            expression(field, "r.payload")
        );
        let missing =
            if field.required { format!("count(*) filter (where {is_blank})") } else { "0".to_owned() };
        [wrong, missing]
    });
    format!(
        "select array[{}]::bigint[] as counts from forebay.\"references\" as r \
         where r.entity_type = {} and r.removed_at is null",
        counts.collect::<Vec<_>>().join(", "),
        literal(&entity.name)
    )
}

/// The typed value of a field of `payload`.
fn expression(field: &Field, payload: &str) -> String {
    let value = value(field, payload);
    let FieldType { scalar, is_list } = field.field_type;
    if !is_list {
        return if scalar == ScalarType::Json {
            format!("nullif({value}, 'null')")
        } else {
            cast(scalar, &value)
        };
    }
    format!(
        "case when jsonb_typeof({value}) = 'array' then (select case when bool_and(t.item is not null) is not false \
         then coalesce(array_agg(t.item order by t.place), '{{}}') end \
         from (select {} as item, e.place from jsonb_array_elements({value}) with ordinality as e (item, place)) as t) end",
        cast(scalar, "e.item")
    )
}

fn cast(scalar: ScalarType, value: &str) -> String {
    match scalar {
        ScalarType::Json => value.to_owned(),
        _ => format!("forebay.try_{scalar}({value})"),
    }
}

/// The JSON value of a field.
fn value(field: &Field, payload: &str) -> String {
    match field.path.tokens() {
        [name] => format!("({payload} -> {})", literal(name)),
        tokens => {
            let tokens: Vec<String> = tokens.iter().map(|token| literal(token)).collect();
            format!("({payload} #> array[{}]::text[])", tokens.join(", "))
        }
    }
}

fn about(name: &str, field: &Field) -> String {
    let path = field.path.as_str();
    let place = if path == name { String::new() } else { format!(" at {path}") };
    let required = if field.required { ", required" } else { "" };
    let target = field
        .references
        .as_ref()
        .map(|target| format!(" The record key of the {target}."))
        .unwrap_or_default();
    format!(
        "The field {name}{place}: {}{required}; null: no value, or one of another type.{target}",
        field.field_type
    )
}

fn comment(kind: &str, name: &str, text: &str) -> String {
    format!("comment on {kind} {name} is {}; ", literal(text))
}

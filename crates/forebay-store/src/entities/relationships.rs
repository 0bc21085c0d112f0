//! Functions from the rows of one typed view to those of another, for fields that hold record keys.
//!
//! `PostgREST` embeds along them, and SQL calls them with a row. They exist while both views are in the same schema.
//! Their bodies are parsed when they are created, because readers may not use the schema `forebay`.

use std::collections::BTreeMap;

use forebay_domain::{
    entity::{Declared, Entity, Field, is_view_column},
    identity::VersionHash,
};
use tokio_postgres::{Transaction, types::Type};

use crate::{
    error::{Error, Result},
    row::ReadRow,
    tables::{ColumnName, SchemaName, literal},
};

/// How their comments begin.
const MARK: &str = "Forebay relationship:";
/// Postgres silently truncates longer names.
const MAX_NAME_BYTES: usize = 63;

/// A function to create.
struct Relationship<'a> {
    /// The view whose rows it takes.
    from: &'a Entity,
    /// The view whose rows it returns.
    to: &'a Entity,
    /// The field, with its name.
    by: (&'a str, &'a Field),
    /// It goes from the record to those that refer to it.
    is_reverse: bool,
}

/// A function in the schema.
struct Existing {
    /// With its schema and the types of its arguments, quoted.
    signature: String,
    name: String,
    /// The views of the row that it takes, and of those that it returns; empty: something else.
    from: String,
    to: String,
    is_own: bool,
}

impl Relationship<'_> {
    /// The name of the other view, as `PostgREST` names an embedded table.
    fn short_name(&self) -> &str {
        &self.to.view
    }

    /// A name that says by which field.
    fn long_name(&self) -> String {
        let field = self.by.0;
        let name = if self.is_reverse {
            format!("{}_by_{field}", self.to.view)
        } else {
            format!("{field}_{}", self.to.view)
        };
        if name.len() <= MAX_NAME_BYTES {
            return name;
        }
        let digest = VersionHash::of(name.as_bytes()).to_string();
        format!("{}_{}", &name[..name.floor_char_boundary(MAX_NAME_BYTES - 9)], &digest[..8])
    }

    /// The statements that create it.
    fn statement(&self, schema: &SchemaName, name: &str) -> Result<String> {
        let view = |entity: &Entity| Ok::<_, Error>(format!("{schema}.{}", ColumnName::parse(&entity.view)?));
        let (from, to) = (view(self.from)?, view(self.to)?);
        let signature = format!("{schema}.{}({from})", ColumnName::parse(name)?);
        let (field_name, field) = self.by;
        let column = ColumnName::parse(field_name)?;
        // A key in its scope ends with the scope, in the form that the program gives it.
        let scope = r"'|' || replace(replace(forebay.scope_text(($1).scope), '\', '\\'), '|', '\|')";
        let (rows, query) = if self.is_reverse {
            let key = |key: &str| format!("forebay.try_{}(to_jsonb({key}))", field.field_type.scalar);
            let whole = key("($1).record_key");
            let in_scope = key(&format!(
                "case when right(($1).record_key, length({scope})) = {scope} \
                 then left(($1).record_key, - length({scope})) end"
            ));
            let query = format!(
                "where t.{column} = any (array[{whole}, {in_scope}]) \
                 and (t.{column} = {whole} or t.scope = ($1).scope)"
            );
            (10, query)
        } else {
            let query = format!(
                "where t.record_key in (($1).{column}::text, ($1).{column}::text || {scope}) \
                 order by t.scope = ($1).scope desc, t.source = ($1).source desc, t.source, t.reference_id limit 1"
            );
            (1, query)
        };
        let about = if self.is_reverse {
            format!("the {} records whose field {field_name} refers to this one", self.to.name)
        } else {
            format!("the {} that the field {field_name} refers to", self.to.name)
        };
        Ok(format!(
            "create or replace function {signature} returns setof {to} \
                 language sql stable parallel safe rows {rows} set search_path = pg_catalog, pg_temp \
                 begin atomic select t.* from {to} as t {query}; end; \
             comment on function {signature} is {comment}; \
             revoke all on function {signature} from public;",
            comment = literal(&format!("{MARK} {about}."))
        ))
    }
}

/// Drops the functions that take or return rows of a view. Call it before the view is dropped.
pub(super) async fn drop_of_view(
    transaction: &Transaction<'_>,
    schema: &SchemaName,
    view: &str,
) -> Result<()> {
    for found in existing(transaction, schema).await?.iter().filter(|found| found.is_own) {
        if found.from == view || found.to == view {
            transaction.batch_execute(&format!("drop function {}", found.signature)).await?;
        }
    }
    Ok(())
}

/// Creates the functions between the views that the schema has, and drops those that are no longer declared.
///
/// Errors: `entity_refused`: the schema has another function of the name.
pub(super) async fn create(
    transaction: &Transaction<'_>,
    schema: &SchemaName,
    declared: &Declared,
    readers: &[&str],
) -> Result<()> {
    let statement = "select e.entity_type, e.relations[1] as view from forebay.entity_views as e where e.schema_name = $1";
    let rows = transaction.query_typed(statement, &[(&schema.as_str(), Type::TEXT)]).await?;
    let mut views = BTreeMap::new();
    for row in &rows {
        views.insert(row.read::<String>("entity_type")?, row.read::<String>("view")?);
    }
    let has_view = |entity: &&Entity| views.get(&entity.name) == Some(&entity.view);
    let there: Vec<&Entity> = declared.values().filter(has_view).collect();
    let wanted = named(&there);

    let existing = existing(transaction, schema).await?;
    for found in &existing {
        let is_wanted = wanted.iter().any(|(name, wanted)| {
            *name == found.name && wanted.from.view == found.from && wanted.to.view == found.to
        });
        let has_name =
            || wanted.iter().any(|(name, wanted)| *name == found.name && wanted.from.view == found.from);
        if found.is_own && !is_wanted {
            transaction.batch_execute(&format!("drop function {}", found.signature)).await?;
        } else if !found.is_own && has_name() {
            let reason = "exists and is no relationship of an entity".to_owned();
            return Err(Error::EntityRefused { relation: found.signature.clone(), reason });
        }
    }
    for (name, relationship) in &wanted {
        transaction.batch_execute(&relationship.statement(schema, name)?).await?;
    }
    let parameters =
        [(&schema.as_str() as _, Type::TEXT), (&MARK as _, Type::TEXT), (&readers as _, Type::TEXT_ARRAY)];
    for row in transaction.query_typed(include_str!("relationship_grants.sql"), &parameters).await? {
        transaction.batch_execute(row.read("statement")?).await?;
    }
    Ok(())
}

/// Both directions of each field that refers to another view that is there, with the names of their functions.
fn named<'a>(there: &[&'a Entity]) -> Vec<(String, Relationship<'a>)> {
    let mut all = Vec::new();
    for entity in there {
        for (name, field) in &entity.fields {
            let target = there.iter().find(|target| Some(&target.name) == field.references.as_ref());
            let Some(target) = target else { continue };
            let by = (name.as_str(), field);
            all.push(Relationship { from: entity, to: target, by, is_reverse: false });
            all.push(Relationship { from: target, to: entity, by, is_reverse: true });
        }
    }
    let mut uses = BTreeMap::new();
    for relationship in &all {
        *uses.entry((&relationship.from.name, relationship.short_name().to_owned())).or_insert(0) += 1;
    }
    let is_free = |relationship: &Relationship<'_>| {
        let short = relationship.short_name();
        uses.get(&(&relationship.from.name, short.to_owned())) == Some(&1)
            && !relationship.from.fields.contains_key(short)
            && !is_view_column(short)
    };
    let names: Vec<String> = all
        .iter()
        .map(|relationship| {
            if is_free(relationship) {
                relationship.short_name().to_owned()
            } else {
                relationship.long_name()
            }
        })
        .collect();
    names.into_iter().zip(all).collect()
}

/// The functions of a schema that take one row of one of its relations.
async fn existing(transaction: &Transaction<'_>, schema: &SchemaName) -> Result<Vec<Existing>> {
    let parameters = [(&schema.as_str() as _, Type::TEXT), (&MARK as _, Type::TEXT)];
    let rows = transaction.query_typed(include_str!("relationships.sql"), &parameters).await?;
    rows.iter()
        .map(|row| {
            Ok(Existing {
                signature: row.read("signature")?,
                name: row.read("name")?,
                from: row.read("from_view")?,
                to: row.read("to_view")?,
                is_own: row.read("is_own")?,
            })
        })
        .collect()
}

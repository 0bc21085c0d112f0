//! Reads the catalogue of a database, for types in other languages.
//!
//! All statements see one snapshot. Names of types are written as the search path of the connection requires.

use std::collections::HashMap;

use forebay_domain::catalogue::{
    Catalogue, Column, Function, Parameter, ParameterMode, Relation, Type,
    view_keys::{self, ForeignKey, ViewColumn},
};
use tokio_postgres::{Client, IsolationLevel, Row, Transaction, types::Type as SqlType};

use crate::{
    error::Result,
    row::{ReadRow, word},
};

mod query_tree;

/// Reads what the catalogue says of the schemas; `Err` in the result has the names of those that don't exist, or that
/// the role may not use.
pub async fn read(
    client: &mut Client,
    schemas: &[String],
) -> Result<std::result::Result<Catalogue, Vec<String>>> {
    let builder = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let transaction = builder.start().await?;
    let missing = missing(&transaction, schemas).await?;
    if !missing.is_empty() {
        return Ok(Err(missing));
    }
    let relations = relations(&transaction, schemas).await?;
    let keys = keys(&transaction, schemas).await?;
    let view_columns = view_columns(&transaction, schemas).await?;
    let mut catalogue = Catalogue {
        schemas: schemas.to_vec(),
        relationships: view_keys::relationships(&relations, &keys, &view_columns),
        relations,
        functions: functions(&transaction, schemas).await?,
        types: types(&transaction).await?,
    };
    transaction.commit().await?;
    catalogue.schemas.sort();
    catalogue.schemas.dedup();
    catalogue.sort();
    Ok(Ok(catalogue))
}

/// The schemas that can't be read.
async fn missing(transaction: &Transaction<'_>, schemas: &[String]) -> Result<Vec<String>> {
    let statement = "
        select name
        from unnest($1::text[]) as name
        where not exists (
            select
            from pg_namespace as n
            where n.nspname = name and not starts_with(n.nspname, 'pg_') and n.nspname <> 'information_schema'
                and (pg_has_role(n.nspowner, 'USAGE') or has_schema_privilege(n.oid, 'CREATE, USAGE')))";
    let rows = transaction.query_typed(statement, &[(&schemas, SqlType::TEXT_ARRAY)]).await?;
    rows.iter().map(|row| row.read("name")).collect()
}

async fn relations(transaction: &Transaction<'_>, schemas: &[String]) -> Result<Vec<Relation>> {
    let statement = include_str!("catalogue/relations.sql");
    let rows = transaction.query_typed(statement, &[(&schemas, SqlType::NAME_ARRAY)]).await?;
    let mut relations = rows.iter().map(relation).collect::<Result<Vec<Relation>>>()?;
    let ids: Vec<u32> = relations.iter().map(|relation| relation.id).collect();
    let rows =
        transaction.query_typed(include_str!("catalogue/columns.sql"), &[(&ids, SqlType::OID_ARRAY)]).await?;
    let mut columns: HashMap<u32, Vec<Column>> = HashMap::new();
    for row in &rows {
        columns.entry(row.read("relation_id")?).or_default().push(column(row)?);
    }
    for relation in &mut relations {
        relation.columns = columns.remove(&relation.id).unwrap_or_default();
    }
    Ok(relations)
}

fn relation(row: &Row) -> Result<Relation> {
    Ok(Relation {
        id: row.read("id")?,
        schema: row.read("schema")?,
        name: row.read("name")?,
        kind: row.word("kind")?,
        is_partition: row.read("is_partition")?,
        is_insertable: row.read("is_insertable")?,
        is_updatable: row.read("is_updatable")?,
        comment: row.read("comment")?,
        columns: Vec::new(),
    })
}

fn column(row: &Row) -> Result<Column> {
    Ok(Column {
        number: row.read("number")?,
        name: row.read("name")?,
        type_id: row.read("type_id")?,
        is_nullable: row.read("is_nullable")?,
        has_default: row.read("has_default")?,
        is_generated: row.read("is_generated")?,
        is_updatable: row.read("is_updatable")?,
        comment: row.read("comment")?,
    })
}

async fn keys(transaction: &Transaction<'_>, schemas: &[String]) -> Result<Vec<ForeignKey>> {
    let statement = include_str!("catalogue/keys.sql");
    let rows = transaction.query_typed(statement, &[(&schemas, SqlType::NAME_ARRAY)]).await?;
    let key = |row: &Row| {
        Ok(ForeignKey {
            name: row.read("name")?,
            relation_id: row.read("relation_id")?,
            columns: row.read("columns")?,
            referenced_schema: row.read("referenced_schema")?,
            referenced_relation: row.read("referenced_relation")?,
            referenced_id: row.read("referenced_id")?,
            referenced_columns: row.read("referenced_columns")?,
            referenced_names: row.read("referenced_names")?,
            is_one_to_one: row.read("is_one_to_one")?,
            is_quoted: row.read("is_quoted")?,
        })
    };
    rows.iter().map(key).collect()
}

async fn view_columns(transaction: &Transaction<'_>, schemas: &[String]) -> Result<Vec<ViewColumn>> {
    let statement = include_str!("catalogue/views.sql");
    let rows = transaction.query_typed(statement, &[(&schemas, SqlType::NAME_ARRAY)]).await?;
    let mut columns = Vec::new();
    for row in &rows {
        columns.extend(query_tree::view_columns(row.read("view_id")?, row.read("query")?));
    }
    Ok(columns)
}

async fn functions(transaction: &Transaction<'_>, schemas: &[String]) -> Result<Vec<Function>> {
    let statement = include_str!("catalogue/functions.sql");
    let rows = transaction.query_typed(statement, &[(&schemas, SqlType::NAME_ARRAY)]).await?;
    rows.iter().map(function).collect()
}

fn function(row: &Row) -> Result<Function> {
    let type_ids: Vec<u32> = row.read("type_ids")?;
    let modes: Option<Vec<String>> = row.read("modes")?;
    let modes: Vec<ParameterMode> =
        modes.iter().flatten().map(|mode| word("modes", mode)).collect::<Result<_>>()?;
    let names: Vec<String> = row.read::<Option<_>>("names")?.unwrap_or_default();
    let (num_inputs, num_defaults): (i16, i16) = (row.read("num_inputs")?, row.read("num_defaults")?);
    let parameter = |(place, (index, type_id)): (i16, (usize, u32))| Parameter {
        mode: modes.get(index).copied().unwrap_or(ParameterMode::In),
        name: names.get(index).cloned().unwrap_or_default(),
        type_id,
        // The last inputs have them. Results between the inputs are counted as well: other generators do.
        has_default: (num_inputs - num_defaults..num_inputs).contains(&place),
    };
    Ok(Function {
        schema: row.read("schema")?,
        name: row.read("name")?,
        signature: row.read("signature")?,
        result: row.read("result")?,
        parameters: (0..).zip(type_ids.into_iter().enumerate()).map(parameter).collect(),
        type_id: row.read("type_id")?,
        is_set: row.read("is_set")?,
        returns_many: row.read("returns_many")?,
    })
}

async fn types(transaction: &Transaction<'_>) -> Result<Vec<Type>> {
    let rows = transaction.query_typed(include_str!("catalogue/types.sql"), &[]).await?;
    let each = |row: &Row| {
        let names: Vec<String> = row.read("attribute_names")?;
        Ok(Type {
            id: row.read("id")?,
            schema: row.read("schema")?,
            name: row.read("name")?,
            format: row.read("format")?,
            relation_id: row.read("relation_id")?,
            base_id: row.read("base_id")?,
            element_id: row.read("element_id")?,
            labels: row.read("labels")?,
            attributes: names.into_iter().zip(row.read::<Vec<u32>>("attribute_ids")?).collect(),
            comment: row.read("comment")?,
        })
    };
    rows.iter().map(each).collect()
}

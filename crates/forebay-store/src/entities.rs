//! Typed views of entity types, in a schema of the user's own.
//!
//! A view has a column for each declared field, over the references of all sources with that entity type; another view
//! has their revisions. Both run with the rights of the role that reads them, so the policies of the references apply.
//! Fields that are filtered by have an index, which belongs to the table `references` and is created without blocking
//! writers. Fields that refer to another entity type have functions between the two views (`relationships`).

mod relationships;
mod statements;

use forebay_domain::entity::{Declared, Entity};
use jiff::Timestamp;
use tokio_postgres::{Client, GenericClient, Row, Transaction, error::SqlState, types::Type};

use self::statements::{Index, View, count_statement, indexes, views};
use crate::{
    error::{Error, Result},
    own_relations::{Own, close, ensure_schema, found, refuse_other_roles},
    row::ReadRow,
    tables::{ColumnName, SchemaName},
};

/// The views of an entity type in a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityViews {
    /// The entity type.
    pub entity_type: String,
    /// The schema that contains the views.
    pub schema: String,
    /// The view of the references, and that of their revisions.
    pub relations: Vec<String>,
    /// The indexes of `references` that their filters use.
    pub indexes: Vec<String>,
    /// When they were first created.
    pub created_at: Timestamp,
}

/// How the stored references of an entity type follow the declaration of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFit {
    /// The field.
    pub field: String,
    /// References with a value that is not of its type, which the view shows as null.
    pub num_wrong: u64,
    /// References without a value, if it is required.
    pub num_missing: u64,
}

/// The roles that read typed views.
const READERS: [&str; 3] = ["authenticated", "forebay_reader", "service_role"];

/// Creates the views of an entity type in a schema, or brings them up to date, with the functions between them and
/// those of other entity types, and then its indexes. A missing schema is created. Safe to run again, also after it was
/// interrupted. `declared` has this entity type and all others.
///
/// Errors: `entity_refused`, without a change: a relation there has one of the names but is not the entity's, or the
/// current role is not the owner of Forebay's tables; `name_refused`; the server's, if something of the user's depends
/// on columns that change.
pub async fn create(
    client: &mut Client,
    schema: &SchemaName,
    entity: &Entity,
    declared: &Declared,
) -> Result<EntityViews> {
    let wanted = indexes(entity, declared);
    let names: Vec<&str> = wanted.iter().map(|index| index.name.as_str()).collect();
    let relations = [entity.view.clone(), entity.revisions_view()];
    let own = own(&entity.name);

    let mut transaction = client.transaction().await?;
    // Functions of the same names in other schemas must not get into the views.
    transaction.batch_execute("set local search_path = pg_catalog, pg_temp").await?;
    refuse_other_roles(&transaction, &own, "references").await?;
    ensure_schema(&transaction, schema).await?;
    let before = find(&transaction, schema, &entity.name).await?;
    for relation in found(&transaction, &own, schema, &relations).await? {
        relation.check(&own, schema)?;
    }
    for view in views(schema, entity)? {
        replace(&mut transaction, schema, &view).await?;
        transaction.batch_execute(&view.comments).await?;
    }
    let renamed = before.iter().flat_map(|before| &before.relations).filter(|name| !relations.contains(name));
    drop_views(&transaction, &own, schema, &renamed.cloned().collect::<Vec<_>>()).await?;
    let all = [relations[0].as_str(), relations[1].as_str()];
    close(&transaction, schema, &all, &READERS).await?;
    let declare = "insert into forebay.entity_views as e (schema_name, entity_type, relations, indexes) \
         values ($1, $2, $3, $4) on conflict (schema_name, entity_type) do update \
         set relations = excluded.relations, indexes = excluded.indexes returning e.*";
    let parameters = [
        (&schema.as_str() as _, Type::TEXT),
        (&entity.name as _, Type::TEXT),
        (&&all[..] as _, Type::TEXT_ARRAY),
        (&names as _, Type::TEXT_ARRAY),
    ];
    let created = from_row(&transaction.query_typed_one(declare, &parameters).await?)?;
    relationships::create(&transaction, schema, declared, &READERS).await?;
    transaction.commit().await?;

    for index in &wanted {
        ensure_index(client, index).await?;
    }
    drop_unused(client, before.map(|before| before.indexes).unwrap_or_default()).await?;
    Ok(created)
}

/// All views of entity types, by schema and entity type.
pub async fn list(client: &impl GenericClient) -> Result<Vec<EntityViews>> {
    let statement = "select e.* from forebay.entity_views as e order by e.schema_name, e.entity_type";
    client.query_typed(statement, &[]).await?.iter().map(from_row).collect()
}

/// Drops the views of an entity type, and the indexes that no other schema's need. `None`: there are none.
///
/// Errors: the server refuses to drop a view that another one uses.
pub async fn drop(
    client: &mut Client,
    schema: &SchemaName,
    entity_type: &str,
) -> Result<Option<EntityViews>> {
    let transaction = client.transaction().await?;
    let Some(views) = find(&transaction, schema, entity_type).await? else { return Ok(None) };
    let statement = "delete from forebay.entity_views where schema_name = $1 and entity_type = $2";
    let parameters = [(&schema.as_str() as _, Type::TEXT), (&entity_type as _, Type::TEXT)];
    transaction.execute_typed(statement, &parameters).await?;
    drop_views(&transaction, &own(entity_type), schema, &views.relations).await?;
    transaction.commit().await?;
    drop_unused(client, views.indexes.clone()).await?;
    Ok(Some(views))
}

/// Counts the stored references that don't follow the declaration, for each field. Reads all references of the type.
pub async fn fit(client: &impl GenericClient, entity: &Entity) -> Result<Vec<FieldFit>> {
    let row = client.query_typed_one(&count_statement(entity), &[]).await?;
    let counts: Vec<i64> = row.read("counts")?;
    let pairs = counts.chunks_exact(2);
    let fits = entity.fields.keys().zip(pairs).map(|(field, pair)| FieldFit {
        field: field.clone(),
        num_wrong: pair[0].unsigned_abs(),
        num_missing: pair[1].unsigned_abs(),
    });
    Ok(fits.collect())
}

fn own(entity_type: &str) -> Own {
    let refused = |relation, reason| Error::EntityRefused { relation, reason };
    Own { mark: format!("Forebay entity {entity_type}:"), functions: &[], refused }
}

async fn find(
    transaction: &Transaction<'_>,
    schema: &SchemaName,
    entity_type: &str,
) -> Result<Option<EntityViews>> {
    let statement = "select e.* from forebay.entity_views as e where e.schema_name = $1 and e.entity_type = $2 for update";
    let parameters = [(&schema.as_str() as _, Type::TEXT), (&entity_type as _, Type::TEXT)];
    transaction.query_typed_opt(statement, &parameters).await?.as_ref().map(from_row).transpose()
}

/// Replaces a view. If its columns changed other than by new ones at the end, it is dropped before, with the functions
/// between it and other views.
async fn replace(transaction: &mut Transaction<'_>, schema: &SchemaName, view: &View) -> Result<()> {
    let savepoint = transaction.transaction().await?;
    match savepoint.batch_execute(&view.statement).await {
        Ok(()) => Ok(savepoint.commit().await?),
        Err(error) if error.code() == Some(&SqlState::INVALID_TABLE_DEFINITION) => {
            savepoint.rollback().await?;
            relationships::drop_of_view(transaction, schema, &view.name).await?;
            transaction.batch_execute(&view.drop_statement).await?;
            Ok(transaction.batch_execute(&view.statement).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Drops those of these views that are the entity's, with the functions between them and other views.
async fn drop_views(
    transaction: &Transaction<'_>,
    own: &Own,
    schema: &SchemaName,
    names: &[String],
) -> Result<()> {
    for view in found(transaction, own, schema, names).await?.iter().filter(|found| found.is_own()) {
        relationships::drop_of_view(transaction, schema, &view.name).await?;
        transaction.batch_execute(&format!("drop view {schema}.{}", ColumnName::parse(&view.name)?)).await?;
    }
    Ok(())
}

/// Creates an index if it is missing, or was left invalid when its creation was interrupted.
async fn ensure_index(client: &Client, index: &Index) -> Result<()> {
    let statement = "select i.indisvalid as is_valid from pg_index as i \
         where i.indexrelid = to_regclass(format('forebay.%I', $1::text))";
    let found = client.query_typed_opt(statement, &[(&index.name, Type::TEXT)]).await?;
    match found.map(|row| row.read::<bool>("is_valid")).transpose()? {
        Some(true) => return Ok(()),
        Some(false) => drop_index(client, &index.name).await?,
        None => {}
    }
    match client.batch_execute(&index.statement).await {
        // Another process created it first.
        Err(error) if error.code() == Some(&SqlState::DUPLICATE_TABLE) => Ok(()),
        created => Ok(created?),
    }
}

/// Drops those of these indexes that no views need.
async fn drop_unused(client: &Client, names: Vec<String>) -> Result<()> {
    let statement = "select n.name from unnest($1::text[]) as n (name) \
         where not exists (select from forebay.entity_views as e where n.name = any (e.indexes))";
    for row in client.query_typed(statement, &[(&names, Type::TEXT_ARRAY)]).await? {
        drop_index(client, row.read("name")?).await?;
    }
    Ok(())
}

async fn drop_index(client: &Client, name: &str) -> Result<()> {
    let name = ColumnName::parse(name)?;
    // Each in a message of its own, because it can't be in a transaction.
    Ok(client.batch_execute(&format!("drop index concurrently if exists forebay.{name}")).await?)
}

fn from_row(row: &Row) -> Result<EntityViews> {
    Ok(EntityViews {
        entity_type: row.read("entity_type")?,
        schema: row.read("schema_name")?,
        relations: row.read("relations")?,
        indexes: row.read("indexes")?,
        created_at: row.read("created_at")?,
    })
}

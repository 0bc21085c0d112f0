//! The shape of runs' records, and drift between runs.
//!
//! [`good_shapes`] reads what the last good runs of a scope stored in `scrape_run_fields`, for
//! [`forebay_domain::drift::compare`]; [`add`] stores the result.

use std::collections::BTreeMap;

use forebay_domain::{
    drift::{Drift, FieldShape, JsonType, RunShape, TypeSet},
    scope::Scope,
};
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{
    error::Result,
    row::{ReadRow, word},
};

/// The shapes of the last five successful complete runs of a scope that saw records, newest first.
pub async fn good_shapes(
    client: &impl GenericClient,
    source_id: i32,
    scope: &Scope,
) -> Result<Vec<RunShape>> {
    let rows = client
        .query_typed(
            include_str!("drift/good_shapes.sql"),
            &[(&source_id, Type::INT4), (&scope.to_string(), Type::TEXT)],
        )
        .await?;
    let mut shapes: BTreeMap<i64, RunShape> = BTreeMap::new();
    for row in rows {
        let shape = shapes.entry(row.read("run_id")?).or_default();
        shape.num_records = row.count("num_records")?;
        let types = types(&row, "json_types")?;
        shape
            .fields
            .insert(row.read("field_name")?, FieldShape { num_present: row.count("num_present")?, types });
    }
    Ok(shapes.into_values().rev().collect())
}

/// Stores the JSON types of a run's fields. Fields without a stored coverage are skipped.
pub async fn add_types(
    client: &impl GenericClient,
    run_id: i64,
    types: &BTreeMap<String, TypeSet>,
) -> Result<()> {
    let names: Vec<&String> = types.keys().collect();
    let words: Vec<String> = types.values().map(|set| to_words(*set).join(",")).collect();
    let statement = "update forebay.scrape_run_fields as f set json_types = string_to_array(t.words, ',') \
         from unnest($2::text[], $3::text[]) as t (field_name, words) \
         where f.run_id = $1 and f.field_name = t.field_name";
    client
        .execute_typed(
            statement,
            &[(&run_id, Type::INT8), (&names, Type::TEXT_ARRAY), (&words, Type::TEXT_ARRAY)],
        )
        .await?;
    Ok(())
}

/// Stores the drift of a run.
pub async fn add(client: &impl GenericClient, run_id: i64, drifts: &[Drift]) -> Result<()> {
    if drifts.is_empty() {
        return Ok(());
    }
    let names: Vec<&String> = drifts.iter().map(|drift| &drift.field_name).collect();
    let changes: Vec<&str> = drifts.iter().map(|drift| drift.change.as_str()).collect();
    let old_types: Vec<String> = drifts.iter().map(|drift| to_words(drift.old_types).join(",")).collect();
    let new_types: Vec<String> = drifts.iter().map(|drift| to_words(drift.new_types).join(",")).collect();
    let statement = "insert into forebay.scrape_run_drift (run_id, field_name, change, old_types, new_types) \
         select $1, d.field_name, d.change, string_to_array(d.old_types, ','), string_to_array(d.new_types, ',') \
         from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as d (field_name, change, old_types, new_types)";
    client
        .execute_typed(
            statement,
            &[
                (&run_id, Type::INT8),
                (&names, Type::TEXT_ARRAY),
                (&changes, Type::TEXT_ARRAY),
                (&old_types, Type::TEXT_ARRAY),
                (&new_types, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// The drift of a run, by field name.
pub async fn of_run(client: &impl GenericClient, run_id: i64) -> Result<Vec<Drift>> {
    let statement = "select field_name, change, old_types, new_types from forebay.scrape_run_drift \
         where run_id = $1 order by field_name";
    let rows = client.query_typed(statement, &[(&run_id, Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            Ok(Drift {
                field_name: row.read("field_name")?,
                change: row.word("change")?,
                old_types: types(row, "old_types")?,
                new_types: types(row, "new_types")?,
            })
        })
        .collect()
}

fn to_words(types: TypeSet) -> Vec<&'static str> {
    types.iter().map(JsonType::as_str).collect()
}

fn types(row: &Row, column: &'static str) -> Result<TypeSet> {
    let words: Vec<&str> = row.read(column)?;
    words.iter().map(|json_type| word::<JsonType>(column, json_type)).collect()
}

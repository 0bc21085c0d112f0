//! Compares the objects of Forebay's schemas with what the migrations make.
//!
//! `objects.txt` has a line for each object: kind, name, and a digest of its definition. A test compares it with a
//! migrated database, and regenerates it together with the page about the schema.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use crate::{error::Result, row::ReadRow};

const OBJECTS: &str = include_str!("objects.sql");
const EXPECTED: &str = include_str!("objects.txt");

forebay_domain::words! {
    /// How an object differs.
    pub enum Difference {
        /// It doesn't exist.
        Missing = "missing",
        /// Its definition is another one.
        Changed = "changed",
        /// The migrations don't make it.
        Extra = "extra",
        /// Another role owns it than the schema.
        Foreign = "foreign",
    }
}

/// An object that is not as the migrations make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectDifference {
    /// Its kind: schema, table, view, column, constraint, index, function, trigger or policy.
    pub kind: String,
    /// Its name, quoted for SQL, with its table if it belongs to one.
    pub name: String,
    /// How it differs.
    pub difference: Difference,
}

struct Object {
    kind: String,
    name: String,
    digest: String,
    is_foreign: bool,
}

/// The objects that differ, by kind and name.
pub async fn objects(client: &mut Client) -> Result<Vec<ObjectDifference>> {
    let found = read(client).await?;
    let mut missing: BTreeMap<(&str, &str), &str> = EXPECTED.lines().filter_map(parsed).collect();
    let mut differences = Vec::new();
    for Object { kind, name, digest, is_foreign } in &found {
        let difference = match missing.remove(&(kind.as_str(), name.as_str())) {
            _ if *is_foreign => Difference::Foreign,
            None => Difference::Extra,
            Some(known) if known == digest => continue,
            Some(_) => Difference::Changed,
        };
        differences.push(ObjectDifference { kind: kind.clone(), name: name.clone(), difference });
    }
    // A policy is missing where its role is, and opens nothing then.
    let missing = missing.keys().filter(|(kind, _)| *kind != "policy").map(|(kind, name)| ObjectDifference {
        kind: (*kind).to_owned(),
        name: (*name).to_owned(),
        difference: Difference::Missing,
    });
    differences.extend(missing);
    Ok(differences)
}

/// The objects as lines of `objects.txt`.
#[cfg(feature = "testing")]
pub async fn object_lines(client: &mut Client) -> Result<String> {
    let line = |Object { kind, name, digest, .. }: &Object| format!("{kind}\t{name}\t{digest}\n");
    Ok(read(client).await?.iter().map(line).collect::<Vec<_>>().concat())
}

async fn read(client: &mut Client) -> Result<Vec<Object>> {
    let transaction = client.transaction().await?;
    transaction.batch_execute("set local search_path = pg_catalog, pg_temp").await?;
    let rows = transaction.query_typed(OBJECTS, &[]).await?;
    transaction.commit().await?;
    rows.iter()
        .map(|row| {
            Ok(Object {
                kind: row.read("kind")?,
                name: row.read("name")?,
                digest: row.read("digest")?,
                is_foreign: row.read("is_foreign")?,
            })
        })
        .collect()
}

fn parsed(line: &str) -> Option<((&str, &str), &str)> {
    let mut parts = line.split('\t');
    Some(((parts.next()?, parts.next()?), parts.next()?))
}

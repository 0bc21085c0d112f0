//! The page about indexes.

use std::fmt::Write;

use super::{Index, queries::QUERIES, query::Query};

const INTRODUCTION: &str = "# Indexes

This page is a reference: the queries that people and Forebay make often, the indexes that they use, and what each index is for.
The page is generated from the test that checks it (`crates/forebay-store/tests/store/indexes.rs`).

The test loads 100,000 references of 40 sources with their history, hand-offs, documents and logs, and runs each query with
`explain (analyze, buffers)`. A query must use its indexes, read no table of more than 5,000 rows as a whole, sort nothing
that is said to be in order, and read at most the stated number of pages (8 kB each, from the cache or the disk).

## Queries

";

const WHOLE_TABLES: &str = "
## Queries that read whole tables

These have to count or compare every row, so they take longer the more is stored:

| query | reads |
| --- | --- |
| `forebay stats` without a source | all references, revisions, hand-offs and runs |
| `forebay handoffs counts`, the view `handoff_counts` | all hand-offs, open and settled |
| `forebay handoffs list`, the view `handoff_status` | all hand-offs, unless a reference is given |
| `forebay freshness --stale` | the ledger, a row for each scope |
| conditions on `record_key`, `payload` or `entity_type` alone | all references |

## Indexes

`unique` keeps rows out that must not exist. An index on a partitioned table exists on each of its partitions.

";

/// The page, which depends on nothing but the list of queries and the schema.
pub(super) fn render(indexes: &[Index]) -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("| to find | ask | indexes | in order | pages |\n| --- | --- | --- | --- | --- |\n");
    for query in QUERIES {
        let Query { finds, is_ordered, max_pages, .. } = query;
        let names: Vec<String> = query.indexes.iter().map(|name| format!("`{name}`")).collect();
        let order = if *is_ordered { "yes" } else { "" };
        let ask = match query.asked_by {
            Some(command) => command.to_owned(),
            None => query.statement.replace('|', "\\|"),
        };
        writeln!(page, "| {finds} | `{ask}` | {} | {order} | {max_pages} |", names.join(", ")).unwrap();
    }
    page.push_str(WHOLE_TABLES);
    page.push_str("| table | index | columns | unique | for |\n| --- | --- | --- | --- | --- |\n");
    for Index { name, table, columns, is_constraint } in indexes {
        let uses: Vec<&str> = QUERIES
            .iter()
            .filter(|query| query.indexes.contains(&name.as_str()))
            .map(|query| query.finds)
            .collect();
        let unique = if *is_constraint { "yes" } else { "" };
        let columns = columns.replace('|', "\\|");
        writeln!(page, "| `{table}` | `{name}` | `{columns}` | {unique} | {} |", uses.join("; ")).unwrap();
    }
    page
}

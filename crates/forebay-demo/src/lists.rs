//! The two lists of the site as sources, the pipeline of the demo, and the work with both.

use std::{collections::BTreeMap, sync::Arc};

use forebay_domain::scope::Scope;
use forebay_engine::{
    clock,
    persist::RunReport,
    scrape::{self, ScrapeOptions, Scraper, SourceDefinition, SourceKind},
    work::{Declarations, PipelineSpec, WorkOptions, WorkReport, drain},
};
use forebay_sources::kinds::{PageKind, PageReader};
use forebay_store::connect::Database;
use jiff::Timestamp;
use serde_json::json;

use crate::{database::TABLE, error::Result};

/// A list of the site.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    /// The name of the source.
    pub(crate) name: &'static str,
    entity_type: &'static str,
}

pub(crate) const COURSES: List = List { name: "courses", entity_type: "course" };
pub(crate) const EVENTS: List = List { name: "events", entity_type: "event" };

/// Scrapes a list over HTTP, and persists it as a complete run under the default guards.
pub(crate) async fn scrape(
    database: &Database,
    list: List,
    url: String,
    observed_at: Timestamp,
) -> Result<RunReport> {
    let definition = definition(list, &url)?;
    let scraper = Scraper::new(
        Arc::new(database.clone()),
        clock::network(),
        Arc::new(BTreeMap::from([(list.name.to_owned(), definition)])),
    );
    let options = ScrapeOptions { observed_at: Some(observed_at), ..ScrapeOptions::default() };
    let source = scraper.source(list.name)?;
    Ok(scrape::scrape(&scraper, source, &Scope::default(), &options, &|_| {}).await?)
}

/// A source as a user would declare it. It may fetch from this machine, and as fast as possible.
fn definition(list: List, url: &str) -> Result<SourceDefinition> {
    let reader = json!({"url": url, "records": "/items", "next": "/next"});
    let fetch = json!({"allow_private": ["127.0.0.1"], "rate": "unlimited"});
    let kind = PageKind::new(None, PageReader::HttpJson(serde_json::from_value(reader)?))
        .map_err(forebay_engine::Error::from)?;
    Ok(SourceDefinition {
        entity_type: list.entity_type.to_owned(),
        key_fields: vec!["id".to_owned()],
        complete: true,
        fetch: serde_json::from_value(fetch)?,
        ..SourceDefinition::new(list.name, SourceKind::Pages(kind))
    })
}

/// Ingests everything that waits. The error of a pipeline ends the demo.
pub(crate) async fn ingest(database: &Database) -> Result<WorkReport> {
    let options =
        WorkOptions { declarations: Declarations::new([table_pipeline()]), ..WorkOptions::default() };
    let mut report = drain(database, &options, &|_| {}).await?;
    match report.pipelines.iter_mut().find_map(|pipeline| pipeline.error.take()) {
        Some(error) => Err(error.into()),
        None => Ok(report),
    }
}

/// The pipeline that fills the user table.
pub(crate) fn table_pipeline() -> PipelineSpec {
    let config = json!({
        "table": TABLE,
        "columns": {
            "id": "id",
            "title": "title",
            "instructor": "instructor",
            "semester": "semester",
            "description": "description",
            "seats": { "field": "seats", "type": "int" },
        },
    });
    PipelineSpec::new("courses_table", "table", config).of_source(COURSES.name)
}

//! `GET /runs/{run}/log`: the log of a run, by level and by words.

use axum::response::Response;
use forebay_store::logs::{Grep, Level, LogFilter};
use forebay_views::{failure::Failure, names, read};
use maud::html;
use serde::Deserialize;

use super::{
    super::{
        asked::Asked,
        frame::{Content, Section},
        parts,
    },
    Path, lines,
};

/// Lines on a page.
const LIMIT: u32 = 200;

/// Which lines.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::pages) struct Filter {
    level: Option<Level>,
    words: Option<String>,
    after: Option<i64>,
}

/// `GET /runs/{run}/log`
pub(in crate::pages) async fn show(asked: Asked<Path, Filter>) -> Response {
    let content = read(&asked).await;
    asked.answer(Section::Runs, content)
}

async fn read(asked: &Asked<Path, Filter>) -> Result<Content, Failure> {
    let Filter { level, words, after } = &asked.query;
    let client = asked.app.client().await?;
    let run_id = names::run(&client, asked.path.run).await?;
    let filter = LogFilter {
        run_id,
        min_level: level.unwrap_or(Level::Debug),
        grep: words.clone().map(Grep::Text),
        after: *after,
    };
    let run = read::runs::run(&client, run_id).await?;
    let page = read::runs::log(&client, &filter, LIMIT).await?;
    let body = html! {
        p { a href={ "/runs/" (run_id) } { "Run " (run_id) } " of " (parts::subject(&run.summary.source, &run.summary.scope)) }
        form .filters method="get" action={ "/runs/" (run_id) "/log" } role="search" {
            (parts::choice("level", "At least", Level::ALL.iter().map(|level| level.as_str()), level.map(Level::as_str)))
            label .wide { "Words" input type="search" name="words" value=[words.as_deref()]; }
            button type="submit" { "Filter" }
        }
        (lines(&page.items, "Log lines, oldest first"))
        (parts::pager(asked.address(), after.is_none(), page.next.as_deref()))
    };
    let content = Content::new(format!("Log of run {run_id}"), body);
    Ok(if run.summary.ended_at.is_none() { content.live(&["runs"]) } else { content })
}

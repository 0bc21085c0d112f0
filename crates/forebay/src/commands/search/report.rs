//! What `forebay search` prints: documents, best first.

use forebay_engine::{retrieval, work::Hit};
use serde::Serialize;

use crate::ui::{self, Page, Style, Tone, format};

/// What was found. The JSON form is `{"query", "hits": [ … ], "is_hybrid", "num_waiting"}`, with `trouble` where
/// embeddings were not asked although there should be some; in a snippet the words that were found stand between « and
/// ».
#[derive(Debug, Serialize)]
pub(super) struct Report {
    query: String,
    hits: Vec<Found>,
    /// Whether documents were sought by their meaning as well.
    is_hybrid: bool,
    /// Why not, of a pipeline that has embeddings.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// Hand-offs that wait for a pipeline of documents: what is stored but not searchable yet.
    num_waiting: u64,
    #[serde(skip)]
    num_pipelines: usize,
}

#[derive(Debug, Serialize)]
struct Found {
    reference_id: String,
    source: String,
    entity_type: String,
    record_key: String,
    title: String,
    /// The headings above the chunk, outermost first; empty: none.
    heading: String,
    pipeline: String,
    chunk_id: String,
    /// The chunk's place in the document, from 0.
    ordinal: u32,
    /// How well it fits, 0 to 1.
    rank: f32,
    snippet: String,
    /// The chunk's whole text.
    content: String,
}

impl Report {
    pub(super) fn new(
        query: String,
        found: retrieval::Found,
        num_pipelines: usize,
        num_waiting: u64,
    ) -> Self {
        let hit = |hit: Hit| Found {
            reference_id: hit.reference_id.to_string(),
            source: hit.source,
            entity_type: hit.entity_type,
            record_key: hit.record_key,
            title: hit.title,
            heading: hit.heading,
            pipeline: hit.pipeline,
            chunk_id: hit.chunk_id.to_string(),
            ordinal: hit.ordinal,
            rank: hit.rank,
            snippet: hit.snippet,
            content: hit.content,
        };
        Self {
            query,
            hits: found.hits.into_iter().map(hit).collect(),
            is_hybrid: found.is_hybrid,
            trouble: found.trouble,
            num_waiting,
            num_pipelines,
        }
    }
}

impl ui::Report for Report {
    fn write(&self, page: &mut Page) {
        for (place, hit) in self.hits.iter().enumerate() {
            if place > 0 {
                page.line("");
            }
            page.toned(Tone::Heading, &format!("{}. {}", place + 1, format::plain(&hit.title)));
            page.toned(Tone::Faint, &format::plain(&format!("   {}/{}", hit.source, hit.record_key)));
            if !hit.heading.is_empty() {
                page.line(&format!("   {}", format::plain(&hit.heading)));
            }
            page.line(&format!("   {}", highlighted(page.style(), &format::plain(&hit.snippet))));
        }
        if self.hits.is_empty() {
            page.line(&format!("nothing was found for {}", format::plain(&self.query)));
            if self.num_pipelines == 0 {
                page.line(
                    "no pipeline with the handler documents is enabled; see [pipelines] in forebay.toml",
                );
            }
        }
        if let Some(trouble) = &self.trouble {
            page.toned(Tone::Warning, &format!("\nfound by words alone: {}", format::plain(trouble)));
        }
        if self.num_waiting > 0 {
            let waiting = format::count(self.num_waiting);
            page.toned(
                Tone::Warning,
                &format!(
                    "\nnot searchable yet: {waiting} hand-offs wait; `forebay work --drain` ingests them"
                ),
            );
        }
    }
}

/// The words between « and » in bold where that can be shown, else with their marks.
fn highlighted(style: Style, snippet: &str) -> String {
    if !style.has_colour() {
        return snippet.to_owned();
    }
    let mut parts = snippet.split('«');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('»') {
            Some((word, rest)) => out.extend([&style.paint(Tone::Heading, word), rest]),
            // The text's own mark, which nothing closes.
            None => out.extend(["«", part]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_bold_on_a_terminal_and_marked_elsewhere() {
        let snippet = "all of «organic» «chemistry», and « alone";
        assert_eq!(highlighted(Style::plain(80), snippet), snippet);
        assert_eq!(
            highlighted(Style::coloured(80), snippet),
            "all of \u{1b}[1morganic\u{1b}[0m \u{1b}[1mchemistry\u{1b}[0m, and « alone"
        );
    }
}

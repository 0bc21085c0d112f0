//! The human form of a search result: documents, best first.

use forebay_engine::retrieval::{MOST_WAITING, Matching};
use forebay_views::SearchResult;

use crate::ui::{Page, Report, Style, Tone, format};

impl Report for SearchResult {
    fn write(&self, page: &mut Page) {
        for (place, hit) in self.hits.iter().enumerate() {
            if place > 0 {
                page.line("");
            }
            page.toned(Tone::Heading, &format!("{}. {}", hit.rank, format::plain(&hit.title)));
            let score = hit.score.map(|score| format!(" · score {score:.2}")).unwrap_or_default();
            let name = format::plain(&format!("{}/{}", hit.source, hit.record_key));
            page.toned(Tone::Faint, &format!("   {name}{score}"));
            if !hit.heading.is_empty() {
                page.line(&format!("   {}", format::plain(&hit.heading)));
            }
            page.line(&format!("   {}", highlighted(page.style(), &format::plain(&hit.snippet))));
        }
        if self.hits.is_empty() {
            page.line(&format!("no document matches {}", format::plain(&self.query)));
            if self.num_pipelines == 0 {
                page.line(
                    "no pipeline with the handler documents is enabled; see [pipelines] in forebay.toml",
                );
            }
        }
        if self.matching == Matching::AnyWord.as_str() {
            page.toned(
                Tone::Warning,
                "\nno document contains all of these words; these contain some of them, the rarest first",
            );
        }
        if self.matching == Matching::NoWord.as_str() && !self.hits.is_empty() {
            page.toned(
                Tone::Warning,
                "\nno document contains any of these words; these are the nearest in meaning",
            );
        }
        if let Some(warning) = &self.warning {
            page.toned(Tone::Warning, &format!("\nsearched by words only: {}", format::plain(warning)));
        }
        if self.num_waiting > 0 {
            page.toned(Tone::Warning, &format!("\n{}", waiting(self.num_waiting)));
        }
    }
}

/// That some hand-offs wait. More than [`MOST_WAITING`] were not counted.
fn waiting(number: u64) -> String {
    let waiting = match number {
        1 => "1 hand-off is".to_owned(),
        ..=MOST_WAITING => format!("{} are", format::counted(number, "hand-off")),
        _ => format!("over {} are", format::counted(MOST_WAITING, "hand-off")),
    };
    let them = if number == 1 { "it" } else { "them" };
    format!("{waiting} not searchable yet; run `forebay work --drain` to ingest {them}")
}

/// Shows the words between « and » in bold if possible, otherwise with their marks.
fn highlighted(style: Style, snippet: &str) -> String {
    if !style.has_colour() {
        return snippet.to_owned();
    }
    let mut parts = snippet.split('«');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('»') {
            Some((word, rest)) => out.extend([&style.paint(Tone::Heading, word), rest]),
            // A mark that belongs to the text, because it is not closed.
            None => out.extend(["«", part]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_handoffs_are_counted_up_to_a_limit() {
        let begins = |number, start: &str| waiting(number).starts_with(start);
        assert!(begins(1, "1 hand-off is not searchable") && waiting(1).ends_with("ingest it"));
        assert!(begins(2, "2 hand-offs are not") && waiting(2).ends_with("ingest them"));
        assert!(begins(MOST_WAITING, "10,000 hand-offs are"));
        assert!(begins(MOST_WAITING + 1, "over 10,000 hand-offs are"));
    }

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

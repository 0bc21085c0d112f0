//! The pieces that pages are made of: states, times, counts, links, tables.

use std::time::Duration;

use forebay_engine::human;
use forebay_views::Time;
use maud::{Markup, html};
use url::form_urlencoded;

use super::address::Address;

/// The longest value that a page shows whole, in characters.
pub(super) const VALUE_SHOWN: usize = 300;

/// The most rows that a page counts.
pub(super) const MOST_COUNTED: i64 = 10_000;

/// Text that others wrote, on one line and without characters that disguise it.
pub(super) fn plain(text: &str) -> String {
    human::plain(text)
}

/// A sentence, with commands between backquotes as code.
pub(super) fn sentence(text: &str) -> Markup {
    html! {
        @for (index, part) in plain(text).split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A state as a word with a shape and a colour: the colour alone says nothing.
pub(super) fn state(word: &str) -> Markup {
    let (shape, tone) = match word {
        "complete" | "succeeded" | "closed" | "fresh" | "ok" | "working" | "enabled" | "present"
        | "passed" | "published" | "success" => ("●", "good"),
        "partial" | "half_open" | "stale_while_revalidate" | "warning" | "warn" | "draft" => ("◐", "warn"),
        "held" => ("■", "warn"),
        "retrying" | "stale_if_error" | "stopping" => ("↻", "warn"),
        "failed" | "aborted" | "open" | "forced_open" | "expired" | "error" | "dead" => ("✕", "bad"),
        "running" | "active" | "in_progress" => ("▶", "faint live"),
        "pending" | "idle" => ("○", "faint"),
        _ => ("–", "faint"),
    };
    let class = format!("state {tone}");
    html! { span class=(class) { span .shape aria-hidden="true" { (shape) } (word) } }
}

/// A time to the second. The zone is in the header of every page.
pub(super) fn time(time: Time) -> Markup {
    let text = human::timestamp(time.get());
    html! { time datetime=(time) { (text.trim_end_matches(" UTC")) } }
}

/// A time that may be missing.
pub(super) fn time_or_none(at: Option<Time>) -> Markup {
    at.map_or_else(none, time)
}

/// The placeholder for a missing value, which a screen reader reads as such.
pub(super) fn none() -> Markup {
    html! { span .soft { span aria-hidden="true" { "–" } } }
}

/// Text, or the placeholder.
pub(super) fn text_or_none(text: Option<&str>) -> Markup {
    text.map_or_else(none, |text| html! { (plain(text)) })
}

/// A count with its digits in groups.
pub(super) fn count(number: u64) -> String {
    human::count(number)
}

/// A count that stopped at [`MOST_COUNTED`]: `10,000+`.
pub(super) fn capped(number: u64) -> String {
    let most = MOST_COUNTED.unsigned_abs();
    if number >= most { format!("{}+", count(most)) } else { count(number) }
}

/// A number of milliseconds.
pub(super) fn millis(millis: u64) -> String {
    human::duration(Duration::from_millis(millis))
}

/// A reference with a link to it.
pub(super) fn reference(reference_id: &str, source: Option<&str>, record_key: Option<&str>) -> Markup {
    html! {
        @match (source, record_key) {
            (Some(source), Some(key)) => a href={ "/references/" (reference_id) } { (plain(&format!("{source}/{key}"))) },
            _ => { code { (reference_id) } " (deleted)" },
        }
    }
}

/// A link to a source.
pub(super) fn source_link(name: &str) -> Markup {
    html! { a href={ "/sources/" (encoded(name)) } { (plain(name)) } }
}

/// A name as one segment of an address.
pub(super) fn encoded(name: &str) -> String {
    // Its only difference from the encoding of a segment is the space.
    form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A link to a run.
pub(super) fn run_link(run_id: i64) -> Markup {
    html! { a href={ "/runs/" (run_id) } { (run_id) } }
}

/// A source or entity type with its scope.
pub(super) fn subject(name: &str, scope: &str) -> String {
    plain(&human::subject(name, scope))
}

/// The links to the first and to the next page of a list.
pub(super) fn pager(address: &Address, is_first: bool, next: Option<&str>) -> Markup {
    html! {
        @if !is_first || next.is_some() {
            nav .pager aria-label="Pages of this list" {
                @if !is_first { a href=(address.with("after", "")) { "First page" } }
                @if let Some(next) = next { a rel="next" href=(address.with("after", next)) { "Next page" } }
            }
        }
    }
}

/// A `select` of a filter: its name, its label, its words, and the chosen one.
pub(super) fn choice<'a>(
    name: &str,
    label: &str,
    words: impl IntoIterator<Item = &'a str>,
    chosen: Option<&str>,
) -> Markup {
    html! {
        label {
            (label)
            select name=(name) {
                option value="" { "any" }
                @for word in words { option value=(word) selected[chosen == Some(word)] { (plain(word)) } }
            }
        }
    }
}

/// Why somebody decides, for the audit trail.
pub(super) fn reason() -> Markup {
    html! { label .wide { "Reason (optional, for the audit trail)" input type="text" name="reason" maxlength="500"; } }
}

/// A text, of which a long one is shown whole on request.
pub(super) fn long(text: &str) -> Markup {
    let text = plain(text);
    html! {
        @if text.chars().count() > VALUE_SHOWN {
            details { summary { (human::shortened(&text, VALUE_SHOWN)) } (text) }
        } @else {
            (text)
        }
    }
}

/// A share as a bar with its figure.
pub(super) fn share(share: f64) -> Markup {
    let width = format!("{:.1}", share.clamp(0.0, 1.0) * 72.0);
    html! {
        svg .bar viewBox="0 0 72 8" aria-hidden="true" {
            rect .all width="72" height="8" {}
            rect .part width=(width) height="8" {}
        }
        " " (human::share(share))
    }
}

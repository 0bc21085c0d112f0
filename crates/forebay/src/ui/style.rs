//! Width and colour of an output stream.
//!
//! Colour follows <https://no-color.org>: none if `NO_COLOR` is set and not empty, none if the stream is not a
//! terminal, none if `TERM` is `dumb`. Tones name a meaning; only this file knows colours.

use std::env;

use forebay_sources::environment;

use crate::env_vars;

/// The width if the terminal's size is unknown, and of prose outside a terminal.
const DEFAULT_WIDTH: u16 = 100;
/// The minimum width of readable tables.
const LEAST_WIDTH: u16 = 40;

/// The parameters of all colours that this program prints: of [`Style::paint`] with their end, and of tables, which the
/// table library writes as numbers of the palette, with theirs.
pub(super) const COLOURS: [&str; 11] =
    ["32", "33", "31", "2", "1", "0", "38;5;2", "38;5;3", "38;5;1", "38;5;8", "39"];

/// The meaning of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Success.
    Good,
    /// Needs attention.
    Warning,
    /// Failed.
    Bad,
    /// Less important than the rest.
    Faint,
    /// A heading.
    Heading,
}

/// How to print on one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    terminal: bool,
    colour: bool,
    width: Option<u16>,
}

impl Style {
    /// The style of a stream, from the environment.
    pub(crate) fn of(terminal: bool) -> Self {
        let is_set = |variable| environment::var_os(variable).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let width = terminal.then(|| terminal_width().max(LEAST_WIDTH));
        Self { terminal, colour: terminal && !dumb && !is_set(env_vars::NO_COLOR), width }
    }

    /// No colour, `width` columns.
    #[cfg(test)]
    pub(crate) fn plain(width: u16) -> Self {
        Self { terminal: false, colour: false, width: Some(width) }
    }

    /// Every colour, as on a terminal.
    #[cfg(test)]
    pub(crate) fn coloured(width: u16) -> Self {
        Self { terminal: true, colour: true, width: Some(width) }
    }

    pub(crate) fn is_terminal(self) -> bool {
        self.terminal
    }

    /// The available columns; None: a file or another program, where lines have no maximum length.
    pub(crate) fn width(self) -> Option<u16> {
        self.width
    }

    /// The columns for prose, which is always wrapped.
    pub(crate) fn room(self) -> usize {
        self.width.unwrap_or(DEFAULT_WIDTH).into()
    }

    /// Whether colour may be used.
    pub(crate) fn has_colour(self) -> bool {
        self.colour
    }

    /// The text in the colour of `tone`, or unchanged without colour.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        // Select Graphic Rendition codes of ECMA-48: the eight basic colours follow the user's theme.
        let code = match tone {
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Bad => "31",
            Tone::Faint => "2",
            Tone::Heading => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

/// Gets the width from the table library, which already detects it.
fn terminal_width() -> u16 {
    let mut probe = comfy_table::Table::new();
    probe.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    probe.width().unwrap_or(DEFAULT_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_only_where_it_is_allowed() {
        assert_eq!(Style::plain(80).paint(Tone::Bad, "failed"), "failed");
        assert_eq!(Style::coloured(80).paint(Tone::Bad, "failed"), "\u{1b}[31mfailed\u{1b}[0m");
        assert!(!Style::of(false).has_colour());
        assert_eq!(Style::of(false).width(), None);
    }
}

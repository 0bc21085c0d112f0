//! Lists in the human form: a heading, then a line for each entry.

use forebay_views::{ContentProblem, ContentSkipped};

use crate::ui::{self, Tone};

/// How many lines of one kind are printed; JSON has all.
const MAX_LINES: usize = 50;

/// What is wrong with files.
pub(super) fn write_problems(page: &mut ui::Page, problems: &[ContentProblem]) {
    lines(
        page,
        "Problems",
        Tone::Warning,
        problems.iter().map(|problem| {
            let hint = problem.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
            format!("{}[{}] {}: {}{hint}", problem.severity, problem.code, problem.place, problem.message)
        }),
    );
}

/// Entries of the folder that are not stored, except for ignored ones.
pub(super) fn write_skipped(page: &mut ui::Page, skipped: &[ContentSkipped]) {
    let links: Vec<_> = skipped.iter().filter(|one| one.reason_code != "ignored").collect();
    lines(
        page,
        "Not stored",
        Tone::Warning,
        links.iter().map(|one| format!("{}: {}", one.path, one.reason_code)),
    );
}

/// A heading with its lines, or nothing.
pub(super) fn lines(
    page: &mut ui::Page,
    heading: &str,
    tone: Tone,
    texts: impl ExactSizeIterator<Item = String>,
) {
    let num_lines = texts.len();
    if num_lines == 0 {
        return;
    }
    page.heading(heading);
    for text in texts.take(MAX_LINES) {
        page.toned(tone, &text);
    }
    if num_lines > MAX_LINES {
        page.line(&format!("… and {} more; --output json prints all", num_lines - MAX_LINES));
    }
}

/// Files that somebody else had changed, and where their former bytes are now.
pub(super) fn write_kept<'a>(page: &mut ui::Page, kept: impl Iterator<Item = (&'a str, Option<&'a str>)>) {
    let kept = kept.filter_map(|(path, copy)| Some(format!("{path}: the former text is {}", copy?)));
    let kept: Vec<String> = kept.collect();
    lines(page, "Replaced although somebody else had changed them", Tone::Warning, kept.into_iter());
}

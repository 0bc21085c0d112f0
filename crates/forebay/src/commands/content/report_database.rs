//! The human form of the result of a call in the database.

use forebay_views::{ContentPersisted, ContentProblem, ContentSync};

use super::listed::{lines, write_problems};
use crate::ui::{Page, Tone, format};

/// The result of a call in the database, in one line.
pub(super) fn database(persisted: &ContentPersisted) -> String {
    if let Some(error) = &persisted.error {
        return format!("not written: error[{}]: {}", error.code, error.message);
    }
    match persisted.sync.as_ref().map(|sync| sync.attention.as_str()) {
        _ if persisted.status == "off" => "off".to_owned(),
        Some("held_run") => "held for review; `forebay runs list --status held` shows the run".to_owned(),
        Some("differences") => "written, but not equal to the folder".to_owned(),
        _ => "up to date".to_owned(),
    }
}

/// The same of a command that also counts differences.
pub(super) fn database_counted(mode: &str, persisted: &ContentPersisted, num_differences: u64) -> String {
    match mode {
        "shadow" => {
            format!("shadow, {} differences; {}", format::count(num_differences), database(persisted))
        }
        _ => database(persisted),
    }
}

/// What needs a person although it is not what the command is about. `known` problems are shown already.
pub(super) fn write_differences(page: &mut Page, persisted: &ContentPersisted, known: &[ContentProblem]) {
    let Some(sync) = persisted.sync.as_ref() else { return };
    write_conflicts(page, sync);
    let is_news = |problem: &&ContentProblem| problem.severity == "error" && !known.contains(problem);
    let problems: Vec<ContentProblem> = sync.problems.iter().filter(is_news).cloned().collect();
    write_problems(page, &problems);
}

/// Files that both sides keep as they are, and the commands that end that.
pub(super) fn write_conflicts(page: &mut Page, sync: &ContentSync) {
    let conflicts =
        sync.conflicts.iter().map(|conflict| format!("{}: {}", conflict.path, conflict.reason_code));
    lines(page, "Conflicts, kept on both sides", Tone::Warning, conflicts);
    if !sync.conflicts.is_empty() {
        page.line("`forebay content sync DIR --keep folder` stores the files of the folder;");
        page.line("`forebay content sync DIR --keep database` writes the stored ones into the folder");
    }
    let changes = sync.database_changes.iter().map(|change| format!("{}: {}", change.path, change.change));
    lines(page, "Changed only in the database, left as they are", Tone::Warning, changes);
    let (removed, others): (Vec<_>, Vec<_>) =
        sync.database_changes.iter().partition(|change| change.change == "removed");
    if !others.is_empty() {
        page.line("`forebay content sync DIR --keep database` takes them into the folder");
    }
    if !removed.is_empty() {
        page.line("`forebay content sync DIR --keep folder` stores removed files again;");
        page.line("`forebay content sync DIR --keep database PATH` removes one from the folder");
    }
}

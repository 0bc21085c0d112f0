//! The human form of the self-check: what is wrong, the worst first, each with the next command, or one
//! line if nothing is wrong.

use forebay_engine::doctor::CheckStatus;
use forebay_views::{Check, Doctor};
use serde::Serialize;

use crate::ui::{Page, Report, Tone, format};

/// What a healthy check says too: which database it is, and how much memory the program takes.
const ALWAYS: [&str; 2] = ["database", "memory"];

/// Problems of one kind that are shown. Hundreds of one kind must not push the others off the screen.
const SHOWN: usize = 3;

/// The checks, for people and for programs.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Checked {
    pub(super) doctor: Doctor,
    /// Whether people also see what is fine.
    #[serde(skip)]
    pub(super) is_verbose: bool,
}

impl Report for Checked {
    fn write(&self, page: &mut Page) {
        let checks = &self.doctor.checks;
        let is_ok = |check: &&Check| check.status == CheckStatus::Ok.as_str();
        let (ok, problems): (Vec<&Check>, Vec<&Check>) = checks.iter().partition(is_ok);
        for (index, check) in problems.iter().enumerate() {
            let of_kind = |other: &&&Check| other.code == check.code && other.status == check.status;
            match problems[..index].iter().filter(of_kind).count() {
                before if before < SHOWN => write_problem(page, check),
                SHOWN => {
                    let more = problems.iter().filter(of_kind).count() - SHOWN;
                    page.line(&format!("         and {more} more of {}: see --output json", check.code));
                }
                _ => {}
            }
        }
        let is_shown =
            |check: &&&Check| self.is_verbose || ALWAYS.contains(&check.code.as_str()) && problems.is_empty();
        for check in ok.iter().filter(is_shown) {
            page.toned(Tone::Good, &line(check));
        }
        let count =
            |status: CheckStatus| checks.iter().filter(|check| check.status == status.as_str()).count();
        let [ok, warnings, failed] = CheckStatus::ALL.map(count);
        let warnings = format::counted(warnings as u64, "warning");
        let all = if self.is_verbose { "" } else { " (--verbose lists all)" };
        page.line(&format!("{failed} failed, {warnings}, {ok} ok{all}"));
    }
}

/// `failed   held_runs run 7: courses withholds 35 changes …`.
fn line(check: &Check) -> String {
    let subject = check.subject.as_ref().map(|subject| format!(" {subject}")).unwrap_or_default();
    format!("{:7}  {}{subject}: {}", check.status, check.code, check.message)
}

fn write_problem(page: &mut Page, check: &Check) {
    let tone = match CheckStatus::parse(&check.status) {
        Some(CheckStatus::Failed) => Tone::Bad,
        _ => Tone::Warning,
    };
    page.toned(tone, &line(check));
    match (&check.next, &check.hint) {
        (Some(next), _) => page.line(&format!("         next: {next}")),
        (None, Some(hint)) => page.line(&format!("         hint: {hint}")),
        (None, None) => {}
    }
}

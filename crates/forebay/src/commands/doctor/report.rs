//! The human form of the self-check.

use forebay_engine::doctor::CheckStatus;
use forebay_views::Doctor;

use crate::ui::{Page, Report, Tone};

impl Report for Doctor {
    fn write(&self, page: &mut Page) {
        for check in &self.checks {
            let tone = match CheckStatus::parse(&check.status) {
                Some(CheckStatus::Ok) => Tone::Good,
                Some(CheckStatus::Warning) | None => Tone::Warning,
                Some(CheckStatus::Failed) => Tone::Bad,
            };
            let subject = check.subject.as_ref().map(|subject| format!(" {subject}")).unwrap_or_default();
            page.toned(tone, &format!("{:7}  {}{subject}: {}", check.status, check.code, check.message));
            if let Some(hint) = &check.hint {
                page.line(&format!("         hint: {hint}"));
            }
        }
        let count =
            |status: CheckStatus| self.checks.iter().filter(|check| check.status == status.as_str()).count();
        let [ok, warnings, failed] = CheckStatus::ALL.map(count);
        page.line("");
        page.line(&format!("{ok} ok, {warnings} warnings, {failed} failed"));
    }
}

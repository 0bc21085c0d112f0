//! The human form of the self-check.

use forebay_views::{Doctor, Severity};

use crate::ui::{Page, Report, Tone};

fn count(doctor: &Doctor, severity: Severity) -> usize {
    doctor.checks.iter().filter(|check| check.verdict == severity).count()
}

impl Report for Doctor {
    fn write(&self, page: &mut Page) {
        for check in &self.checks {
            let (tone, word) = match check.verdict {
                Severity::Ok => (Tone::Good, "ok"),
                Severity::Warning => (Tone::Warning, "warning"),
                Severity::Bad => (Tone::Bad, "bad"),
            };
            let subject = check.subject.as_ref().map(|subject| format!(" {subject}")).unwrap_or_default();
            page.toned(tone, &format!("{word:7}  {}{subject}: {}", check.code, check.seen));
            if let Some(advice) = &check.advice {
                page.line(&format!("         {advice}"));
            }
        }
        page.line("");
        page.line(&format!(
            "{} ok, {} to look at, {} bad",
            count(self, Severity::Ok),
            count(self, Severity::Warning),
            count(self, Severity::Bad)
        ));
    }
}

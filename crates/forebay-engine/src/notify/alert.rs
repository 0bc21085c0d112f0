//! What a notification says: its alerts, and its text for people.

use std::fmt::Write as _;

use forebay_domain::notify::NotifyEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::human;

/// The maximum number of alerts that a notification contains.
const MOST_ALERTS: usize = 100;
/// The maximum number of alerts in its text.
const MOST_TOLD: usize = 20;

forebay_domain::words! {
    /// What a notification says of an alert.
    pub enum AlertStatus {
        /// It is new.
        Firing = "firing",
        /// It was told before and still holds.
        Repeated = "repeated",
        /// It has ended.
        Resolved = "resolved",
    }
}

/// One alert of a notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What the notification says of it.
    pub status: AlertStatus,
    /// What happened.
    pub event: NotifyEvent,
    /// What it is about, such as `run 12`.
    pub subject: String,
    /// The source; `None`: it belongs to no single one.
    pub source: Option<String>,
    /// What is wrong, in one line.
    pub title: String,
    /// The evidence, in one line.
    pub detail: String,
    /// Why, as a stable word, if there is one.
    pub reason_code: Option<String>,
    /// Since when it holds.
    pub since: Timestamp,
    /// When its end was observed; `None`: it holds.
    pub resolved_at: Option<Timestamp>,
    /// Its page of the dashboard.
    pub link: Option<String>,
    /// The command to type next.
    pub next_command: String,
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The notifier.
    pub notifier: String,
    /// Its project.
    pub project: Option<String>,
    /// Whether it was made up, to try the notifier.
    pub is_test: bool,
    /// All of it, in one line.
    pub title: String,
    /// Number of alerts that are new or still hold.
    pub num_firing: usize,
    /// Number of alerts that have ended.
    pub num_resolved: usize,
    /// The first hundred alerts: those that hold, then those that ended.
    pub alerts: Vec<Alert>,
}

impl Notice {
    /// A notification of these alerts. Its texts come from data and are cleaned.
    pub(super) fn new(notifier: &str, project: Option<&str>, mut alerts: Vec<Alert>) -> Self {
        alerts.sort_by(|a, b| (a.status, a.event, &a.subject).cmp(&(b.status, b.event, &b.subject)));
        for alert in &mut alerts {
            for text in [&mut alert.title, &mut alert.detail, &mut alert.subject] {
                *text = human::plain(text);
            }
        }
        let num_resolved = alerts.iter().filter(|alert| alert.status == AlertStatus::Resolved).count();
        let num_firing = alerts.len() - num_resolved;
        let title = title(&alerts, num_firing, num_resolved);
        alerts.truncate(MOST_ALERTS);
        let (notifier, project) = (notifier.to_owned(), project.map(str::to_owned));
        Self { notifier, project, is_test: false, title, num_firing, num_resolved, alerts }
    }

    /// The alerts that its text tells, and the number of the others.
    pub(super) fn told(&self) -> (&[Alert], usize) {
        let told = &self.alerts[..self.alerts.len().min(MOST_TOLD)];
        (told, self.num_firing + self.num_resolved - told.len())
    }

    /// The text for people, without the title.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let (told, num_more) = self.told();
        for alert in told {
            // Writing to a String never fails.
            let _ = writeln!(text, "{}", alert.headline());
            let _ = writeln!(text, "  {}", alert.times());
            if !alert.detail.is_empty() {
                let _ = writeln!(text, "  {}", alert.detail);
            }
            let _ = writeln!(text, "  next: {}", alert.next_command);
            if let Some(link) = &alert.link {
                let _ = writeln!(text, "  {link}");
            }
            text.push('\n');
        }
        if num_more > 0 {
            let _ = writeln!(text, "and {num_more} more: forebay doctor");
        }
        text
    }
}

impl Alert {
    /// Its title, marked if it has ended or was told before.
    pub(super) fn headline(&self) -> String {
        match self.status {
            AlertStatus::Firing => self.title.clone(),
            AlertStatus::Repeated => format!("Still: {}", self.title),
            AlertStatus::Resolved => format!("Resolved: {}", self.title),
        }
    }

    /// Since when it holds, and until when it did.
    pub(super) fn times(&self) -> String {
        let since = human::timestamp(self.since);
        match self.resolved_at {
            Some(at) => format!("from {since} to {}", human::timestamp(at)),
            None => format!("since {since}"),
        }
    }
}

fn title(alerts: &[Alert], num_firing: usize, num_resolved: usize) -> String {
    if let [alert] = alerts {
        return alert.headline();
    }
    let mut parts = Vec::new();
    if num_firing > 0 {
        parts.push(human::counted(num_firing as u64, "alert"));
    }
    if num_resolved > 0 {
        parts.push(format!("{num_resolved} resolved"));
    }
    let mut events: Vec<&str> = alerts.iter().map(|alert| alert.event.as_str()).collect();
    events.sort_unstable();
    events.dedup();
    format!("{}: {}", parts.join(", "), events.join(", "))
}

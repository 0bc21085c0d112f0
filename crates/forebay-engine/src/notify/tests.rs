//! What notifications say, and which settings are refused.

use std::time::Duration;

use forebay_domain::notify::NotifyEvent;
use forebay_store::notifications::facts::FailingLimit;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    alert::{Alert, AlertStatus, Notice},
    channel::{Message, slack_body},
    settings::{CommandSettings, EmailSettings, Notifier, Receiver, SmtpTls, WebhookSettings},
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn alert(number: usize, status: AlertStatus) -> Alert {
    Alert {
        status,
        event: NotifyEvent::RunHeld,
        subject: format!("run {number}"),
        source: Some("courses".to_owned()),
        title: format!("run {number} of courses is held: mass_removal"),
        detail: "It withholds 29 changes.".to_owned(),
        reason_code: Some("mass_removal".to_owned()),
        since: at(0),
        resolved_at: (status == AlertStatus::Resolved).then(|| at(3600)),
        link: Some(format!("https://ops.example.org/runs/{number}")),
        next_command: format!("forebay runs diff {number}"),
    }
}

fn notifier(receiver: Receiver) -> Notifier {
    Notifier {
        name: "ops".to_owned(),
        receiver,
        events: Vec::new(),
        sources: Vec::new(),
        group_wait: SignedDuration::ZERO,
        repeat_after: None,
        resolved: true,
        failing_after: SignedDuration::ZERO,
        failing: FailingLimit { window: SignedDuration::from_hours(1), share: 0.1, min_failed: 1 },
        give_up_after: SignedDuration::from_hours(72),
        timeout: Duration::from_secs(5),
    }
}

#[test]
fn one_alert_is_its_own_title_and_several_are_counted() {
    let one = Notice::new("ops", None, vec![alert(7, AlertStatus::Resolved)]);
    assert_eq!(one.title, "Resolved: run 7 of courses is held: mass_removal");
    let alerts =
        vec![alert(8, AlertStatus::Resolved), alert(7, AlertStatus::Firing), alert(9, AlertStatus::Repeated)];
    let notice = Notice::new("ops", Some("p"), alerts);
    assert_eq!(notice.title, "2 alerts, 1 resolved: run_held");
    assert_eq!((notice.num_firing, notice.num_resolved), (2, 1));
    assert_eq!(
        notice.text(),
        "run 7 of courses is held: mass_removal\n  since 2026-01-01 00:00:00 UTC\n  It withholds 29 changes.\n  \
         next: forebay runs diff 7\n  https://ops.example.org/runs/7\n\n\
         Still: run 9 of courses is held: mass_removal\n  since 2026-01-01 00:00:00 UTC\n  It withholds 29 changes.\n  \
         next: forebay runs diff 9\n  https://ops.example.org/runs/9\n\n\
         Resolved: run 8 of courses is held: mass_removal\n  from 2026-01-01 00:00:00 UTC to 2026-01-01 01:00:00 UTC\n  \
         It withholds 29 changes.\n  next: forebay runs diff 8\n  https://ops.example.org/runs/8\n\n"
    );
}

#[test]
fn a_thousand_alerts_are_one_short_message() {
    let alerts = (0..1000).map(|number| alert(number, AlertStatus::Firing)).collect();
    let notice = Notice::new("ops", None, alerts);
    assert_eq!((notice.alerts.len(), notice.num_firing), (100, 1000));
    assert!(notice.text().ends_with("and 980 more: forebay doctor\n"));
    let message = Message { id: "m", created_at: at(0), notice: &notice };
    let body = slack_body(&message);
    assert_eq!(body["blocks"].as_array().unwrap().len(), 22);
}

#[test]
fn texts_of_data_mention_nobody_and_hide_nothing() {
    let mut hostile = alert(1, AlertStatus::Firing);
    hostile.title = "run of <!channel> & \u{202e}x|y\u{1b}[2J".to_owned();
    let notice = Notice::new("ops", None, vec![hostile]);
    assert!(!notice.title.contains(['\u{1b}', '\u{202e}']));
    let message = Message { id: "m", created_at: at(0), notice: &notice };
    let text = slack_body(&message)["blocks"][1]["text"]["text"].clone();
    let expected = ":red_circle: <https://ops.example.org/runs/1|run of &lt;!channel&gt; &amp; \u{fffd}x/y\u{fffd}[2J>\n\
         since 2026-01-01 00:00:00 UTC\nIt withholds 29 changes.\n`forebay runs diff 1`";
    assert_eq!(text, json!(expected));
}

#[test]
fn settings_that_leak_or_cannot_work_are_refused() {
    let webhook =
        |url: &str| Receiver::Webhook(WebhookSettings { url: url.to_owned(), ..WebhookSettings::default() });
    let email = |tls: SmtpTls, host: &str, password: Option<&str>| {
        Receiver::Email(EmailSettings {
            host: host.to_owned(),
            port: 25,
            tls,
            username: password.map(|_| "me".to_owned()),
            password: password.map(str::to_owned),
            from: "Forebay <forebay@example.org>".to_owned(),
            to: vec!["ops@example.org".to_owned()],
        })
    };
    let command = |words: &[&str]| {
        let command = words.iter().map(|&word| word.to_owned()).collect();
        Receiver::Command(CommandSettings { command, ..CommandSettings::default() })
    };
    for fine in [
        webhook("https://example.org/hook"),
        webhook("env:HOOK_URL"),
        webhook("http://127.0.0.1:9/"),
        email(SmtpTls::Starttls, "smtp.example.org", Some("env:SMTP_PASSWORD")),
        email(SmtpTls::Off, "127.0.0.1", None),
        command(&["true"]),
    ] {
        notifier(fine.clone()).check().unwrap_or_else(|error| panic!("{fine:?}: {error}"));
    }
    for (wrong, setting) in [
        (webhook("http://example.org/hook"), "url"),
        (webhook("https://me:hunter2@example.org/"), "url"),
        (webhook("env:FOREBAY_DATABASE_URL"), "url"),
        (email(SmtpTls::Off, "smtp.example.org", None), "tls"),
        (email(SmtpTls::Tls, "smtp.example.org", Some("hunter2")), "password"),
        (command(&[]), "command"),
    ] {
        let error = notifier(wrong.clone()).check().unwrap_err();
        assert_eq!(error.setting, [setting], "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

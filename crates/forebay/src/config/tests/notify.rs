//! `[notify.NAME]` and `[server]`, with and without mistakes.

use std::time::Duration;

use forebay_domain::notify::{NotifierKind, NotifyEvent};
use jiff::SignedDuration;

use super::{error, parse, template_in_full};

#[test]
fn the_template_shows_every_kind() {
    let notifying = parse(&template_in_full()).notifying();
    let kinds: Vec<NotifierKind> = notifying.notifiers.iter().map(super::super::Notifier::kind).collect();
    let expected = [NotifierKind::Slack, NotifierKind::Email, NotifierKind::Webhook, NotifierKind::Command];
    assert_eq!(kinds, expected);
    assert_eq!(notifying.public_url.unwrap().as_str(), "https://forebay.example.org/");
    assert_eq!(notifying.project.as_deref(), Some("my-project"));
    let ops = &notifying.notifiers[2];
    assert_eq!(ops.events, [NotifyEvent::RunHeld, NotifyEvent::BreakerOpened, NotifyEvent::BreakerClosed]);
    assert_eq!((ops.failing.share, ops.failing.min_failed, ops.resolved), (0.2, 50, false));
}

#[test]
fn defaults_are_what_the_documentation_says() {
    let text = "[notify.a]\nkind = \"command\"\ncommand = [\"true\"]\n\
         [notify.b]\nkind = \"command\"\ncommand = [\"true\"]\nrepeat_after = \"never\"\ngroup_wait = \"0s\"";
    let notifiers = parse(text).notifying().notifiers;
    let (a, b) = (&notifiers[0], &notifiers[1]);
    assert!(a.events.is_empty() && a.sources.is_empty() && a.resolved);
    assert_eq!(
        (a.group_wait, a.repeat_after),
        (SignedDuration::from_secs(30), Some(SignedDuration::from_hours(4)))
    );
    assert_eq!(
        (a.failing_after, a.give_up_after),
        (SignedDuration::from_hours(1), SignedDuration::from_hours(72))
    );
    let failing = (a.failing.window, a.failing.share, a.failing.min_failed);
    assert_eq!(failing, (SignedDuration::from_mins(15), 0.1, 10));
    assert_eq!(a.timeout, Duration::from_secs(15));
    assert_eq!((b.group_wait, b.repeat_after), (SignedDuration::ZERO, None));
}

#[test]
fn mistakes_name_their_place_and_no_secret() {
    let command = "kind = \"command\"\ncommand = [\"true\"]";
    let email = "kind = \"email\"\nserver = \"smtp.example.org:587\"\nfrom = \"a@example.org\"\nto = [\"b@example.org\"]";
    for (settings, place, part) in [
        ("kind = \"pigeon\"", "2:8", "unknown variant"),
        ("kind = \"slack\"", "1:9", "needs url"),
        ("kind = \"slack\"\nurl = \"http://example.org/hunter2\"", "3:1", "https://"),
        (&format!("{command}\nurl = \"https://example.org\""), "4:1", "no setting url"),
        (&format!("{command}\nevents = [\"run_hold\"]"), "4:10", "run_hold"),
        (&format!("{command}\ntimeout = \"3m\""), "4:1", "at most 2m"),
        (&format!("{command}\nrepeat_after = \"soon\""), "4:16", "or never"),
        (&format!("{command}\nfailed_share = 0"), "4:", "failed_share"),
        (
            &format!("{email}\nusername = \"me\"\npassword = \"hunter2\""),
            "7:1",
            "must name an environment variable",
        ),
        (&format!("{email}\ntls = \"off\""), "6:1", "on this machine only"),
    ] {
        let error = error(&format!("[notify.ops]\n{settings}"));
        assert!(
            error.contains(&format!("forebay.toml:{place}")) && error.contains(part),
            "{settings}: {error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
    let error = error("[server]\npublic_url = \"ftp://example.org\"");
    assert!(error.contains("forebay.toml:2:1") && error.contains("public_url must begin with"), "{error}");
}

#[test]
fn a_source_that_a_notifier_misspells_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forebay.toml");
    let text = "[sources.courses]\nkey = [\"id\"]\n[notify.ops]\nkind = \"command\"\ncommand = [\"true\"]\n\
         sources = [\"courses\", \"coursse\"]\n";
    std::fs::write(&path, text).unwrap();
    let warnings = parse(text).warnings(&path).unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].code, "source_undeclared");
    assert!(warnings[0].message.contains("forebay.toml:6:1") && warnings[0].message.contains("coursse"));
    assert_eq!(warnings[0].hint.as_deref(), Some("did you mean `courses`?"));
}

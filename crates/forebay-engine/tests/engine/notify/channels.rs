//! What each kind of notifier sends, and what it makes of the answers.

use std::{fs, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use forebay_engine::{
    notify::{
        CommandSettings, EmailSettings, Notifier, Notifying, Receiver, SmtpTls, Tried, WebhookSettings,
        try_out,
    },
    sources::environment,
    work,
};
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Lab, mail::MailServer, notifier, options, receiver::Hook};
use crate::wait::eventually;

async fn test(notifier: &Notifier) -> Tried {
    try_out(&Notifying::default(), notifier).await.unwrap()
}

fn code(tried: &Tried) -> Option<&str> {
    tried.failure().map(|(code, _)| code)
}

fn email(server: &MailServer) -> EmailSettings {
    EmailSettings {
        host: "127.0.0.1".to_owned(),
        port: server.port,
        tls: SmtpTls::Off,
        username: None,
        password: None,
        from: "Forebay <forebay@example.org>".to_owned(),
        to: vec!["ops@example.org".to_owned(), "Ada <ada@example.org>".to_owned()],
    }
}

#[tokio::test]
async fn a_webhook_is_signed_like_a_delivery() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify.env");
    fs::write(&path, "NOTIFY_TEST_SECRET=hunter2-secret\nNOTIFY_TEST_TOKEN=Bearer hunter2-token\n").unwrap();
    environment::add_file(&path).unwrap();
    let hook = Hook::open().await;
    let settings = WebhookSettings {
        url: hook.url.clone(),
        secret: vec!["env:NOTIFY_TEST_SECRET".to_owned()],
        headers: vec![("authorization".to_owned(), "env:NOTIFY_TEST_TOKEN".to_owned())],
        allow_http: false,
    };
    let tried = test(&notifier(Receiver::Webhook(settings.clone()))).await;
    assert_eq!((code(&tried), tried.answer.as_str()), (None, "status 200: thanks"));
    let (headers, body) = hook.requests().remove(0);
    let header = |name: &str| headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/cloudevents+json; charset=utf-8");
    assert_eq!(header("authorization"), "Bearer hunter2-token");
    let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
    let tag = sign(&Key::new(HMAC_SHA256, b"hunter2-secret"), signed.as_bytes());
    assert_eq!(header("webhook-signature"), format!("v1,{}", BASE64_STANDARD.encode(tag)));
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&event["id"], &event["data"]["is_test"]), (&json!(header("webhook-id")), &json!(true)));

    // A failure contains no secret.
    hook.answer(500);
    let lab = Lab::open().await;
    lab.hold_run("").await;
    let options = options("w", notifier(Receiver::Webhook(settings)));
    work::drain(&lab.database, &options, &|_| {}).await.unwrap();
    let stored = lab.stored().await;
    assert!(stored.contains("webhook_unavailable") && !stored.contains("hunter2"), "{stored}");
    assert!(!format!("{options:?}").contains("hunter2-"), "{options:?}");
}

#[tokio::test]
async fn slack_gets_text_and_blocks() {
    let hook = Hook::open().await;
    let settings = WebhookSettings { url: hook.url.clone(), ..WebhookSettings::default() };
    let tried = test(&notifier(Receiver::Slack(settings))).await;
    assert_eq!(code(&tried), None);
    let (headers, _) = hook.requests().remove(0);
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    let body = hook.got().remove(0);
    assert_eq!(body["text"], "a test of the notifier ops");
    assert_eq!(body["blocks"][0]["text"], json!({"type": "mrkdwn", "text": "*a test of the notifier ops*"}));
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["blocks", "text"]);
}

#[tokio::test]
async fn an_url_can_be_a_secret_in_a_file_and_no_failure_tells_it() {
    let hook = Hook::open().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("url");
    fs::write(&path, format!("{}\n", hook.url)).unwrap();
    let settings = WebhookSettings { url: format!("file:{}", path.display()), ..WebhookSettings::default() };
    let ops = notifier(Receiver::Slack(settings));
    assert_eq!(code(&test(&ops).await), None);
    hook.answer(404);
    let tried = test(&ops).await;
    let (code, message) = tried.failure().unwrap();
    assert_eq!((code, tried.answer.as_str()), ("webhook_refused", "status 404: thanks"));
    assert!(
        message.contains("127.0.0.1 answered with status 404") && !message.contains("hunter2"),
        "{message}"
    );
    fs::remove_file(&path).unwrap();
    let error = try_out(&Notifying::default(), &ops).await.unwrap_err();
    assert!(error.problem.contains("can't be read") && error.setting == ["url"], "{error}");
}

#[tokio::test]
async fn a_mail_has_its_id_and_the_password_goes_only_to_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    fs::write(&path, "hunter2\n").unwrap();
    let with_login = |server: &MailServer| {
        notifier(Receiver::Email(EmailSettings {
            username: Some("me".to_owned()),
            password: Some(format!("file:{}", path.display())),
            ..email(server)
        }))
    };
    let server = MailServer::open("250 ok", "235 welcome").await;
    let tried = test(&with_login(&server)).await;
    assert_eq!(code(&tried), None);
    assert!(tried.answer.contains("queued as 77"), "{}", tried.answer);
    let got = server.got();
    let login = BASE64_STANDARD.encode("\0me\0hunter2");
    assert!(got.contains(&format!("AUTH PLAIN {login}")), "{got:?}");
    for line in [
        "From: Forebay <forebay@example.org>",
        "Subject: [forebay] a test of the notifier ops",
        "RCPT TO:<ada@example.org>",
    ] {
        assert!(got.iter().any(|found| found == line), "{line}: {got:?}");
    }
    let id = got.iter().find(|line| line.starts_with("Message-ID: <test-")).unwrap();
    assert!(id.ends_with("@example.org>"), "{id}");

    let refusing = MailServer::open("250 ok", "535 5.7.8 not with hunter2").await;
    let tried = test(&with_login(&refusing)).await;
    let (code, message) = tried.failure().unwrap();
    assert_eq!(code, "email_login_refused");
    assert!(!message.contains("hunter2") && !tried.answer.contains("hunter2"), "{message}");
}

#[tokio::test]
async fn mail_that_is_refused_fails_and_mail_that_is_deferred_is_retried() {
    let lab = Lab::open().await;
    lab.hold_run("").await;
    for (answer, expected, is_final) in
        [("451 4.3.0 later", "email_deferred", false), ("550 5.1.1 no such user", "email_refused", true)]
    {
        let server = MailServer::open(answer, "235 welcome").await;
        let own = Notifier { name: expected.to_owned(), ..notifier(Receiver::Email(email(&server))) };
        work::drain(&lab.database, &options("w", own), &|_| {}).await.unwrap();
        let row = lab.waiting().await.into_iter().find(|row| row.notifier == expected).unwrap();
        let failure = row.failure.unwrap();
        assert_eq!((failure.code.as_str(), row.settled_at.is_some()), (expected, is_final), "{failure:?}");
        assert!(failure.message.contains(&answer[4..]), "{failure:?}");
    }
}

#[tokio::test]
async fn a_mail_server_that_says_nothing_is_not_waited_for() {
    let (silent, other) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), MailServer::open("250 ok", "235 welcome").await);
    let settings = EmailSettings { port: silent.local_addr().unwrap().port(), ..email(&other) };
    let ops = Notifier { timeout: Duration::from_millis(300), ..notifier(Receiver::Email(settings)) };
    assert_eq!(code(&test(&ops).await), Some("email_timeout"));
}

#[tokio::test]
async fn without_tls_nothing_is_sent_in_clear() {
    let server = MailServer::open("250 ok", "235 welcome").await;
    for tls in [SmtpTls::Starttls, SmtpTls::Tls] {
        let ops = notifier(Receiver::Email(EmailSettings { tls, ..email(&server) }));
        let ops = Notifier { timeout: Duration::from_secs(3), ..ops };
        assert!(code(&test(&ops).await).is_some());
    }
    let got = server.got();
    assert!(!got.iter().any(|line| line.starts_with("MAIL") || line.starts_with("AUTH")), "{got:?}");
}

#[tokio::test]
async fn a_command_gets_the_event_and_its_secrets_are_masked() {
    let folder = tempfile::tempdir().unwrap();
    let variables = folder.path().join("command.env");
    fs::write(&variables, "NOTIFY_TEST_PAGER=hunter2-pager\n").unwrap();
    environment::add_file(&variables).unwrap();
    let shell = |script: &str| {
        notifier(Receiver::Command(CommandSettings {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            env: vec!["NOTIFY_TEST_PAGER".to_owned()],
            directory: Some(folder.path().to_owned()),
        }))
    };
    let tried = test(&shell("cat > event.json; echo paged with $NOTIFY_TEST_PAGER")).await;
    assert_eq!((code(&tried), tried.answer.as_str()), (None, "paged with ***"));
    let event: Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("event.json")).unwrap()).unwrap();
    assert_eq!(event["data"]["alerts"][0]["next_command"], "forebay doctor");

    let tried = test(&shell("cat > /dev/null; echo no $NOTIFY_TEST_PAGER >&2; exit 3")).await;
    let (failure, message) = tried.failure().unwrap();
    assert_eq!(failure, "command_failed");
    assert!(message.contains("exit status: 3") && message.ends_with("no ***"), "{message}");
    let slow = Notifier { timeout: Duration::from_millis(300), ..shell("sleep 60") };
    assert_eq!(code(&test(&slow).await), Some("command_timeout"));
}

#[tokio::test]
async fn a_missing_secret_waits_for_a_worker_that_has_it() {
    let lab = Lab::open().await;
    lab.hold_run("").await;
    let settings =
        WebhookSettings { url: "env:NOTIFY_TEST_MISSING".to_owned(), ..WebhookSettings::default() };
    work::drain(&lab.database, &options("w", notifier(Receiver::Slack(settings))), &|_| {}).await.unwrap();
    let failure = lab.waiting().await.remove(0).failure.unwrap();
    assert_eq!(failure.code, "notifier_unready");
    assert_eq!(failure.message, "the environment variable NOTIFY_TEST_MISSING is not set");
    let hook = Hook::open().await;
    let settings = WebhookSettings { url: hook.url.clone(), ..WebhookSettings::default() };
    let options = options("w2", notifier(Receiver::Slack(settings)));
    lab.run("update forebay.notifications set not_before = now()").await;
    eventually("it is sent", async || {
        work::drain(&lab.database, &options, &|_| {}).await.unwrap();
        lab.waiting().await.is_empty()
    })
    .await;
    assert_eq!(hook.got().len(), 1);
}

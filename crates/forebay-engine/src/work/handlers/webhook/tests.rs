//! Tests against a real server on loopback, which plays back a list of responses.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Instant,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use forebay_domain::{
    handoff::{Change, FailureClass},
    identity::{ReferenceId, VersionHash},
};
use forebay_store::pipelines::{Limits, PipelineSpec};
use jiff::SignedDuration;
use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

/// What the server does with one request.
#[derive(Clone)]
enum Answer {
    Text(String),
    /// Keeps the connection open and sends nothing more.
    Stall(String),
}

struct Server {
    address: SocketAddr,
    /// Head and body of each request.
    requests: Arc<Mutex<Vec<(String, String)>>>,
}

impl Server {
    /// Sends the answers in turn, and repeats the last one.
    async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut silent = Vec::new();
            loop {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                let request = read_request(&mut stream).await;
                let place = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(request);
                    seen.len() - 1
                };
                match &answers[place.min(answers.len() - 1)] {
                    Answer::Text(text) => {
                        stream.write_all(text.as_bytes()).await.unwrap();
                        stream.shutdown().await.unwrap();
                    }
                    Answer::Stall(text) => {
                        stream.write_all(text.as_bytes()).await.unwrap();
                        silent.push(stream);
                    }
                }
            }
        });
        Self { address, requests }
    }

    async fn with_status(status: &str, headers: &str) -> Self {
        Self::start(vec![answer(status, headers, "")]).await
    }

    fn webhook(&self, mut settings: Value) -> Webhook {
        settings["url"] = json!(format!("http://{}/hook/hidden-path?token=hidden-query", self.address));
        open(settings).unwrap()
    }

    fn requests(&self) -> Vec<(String, String)> {
        self.requests.lock().unwrap().clone()
    }
}

async fn read_request(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
            if body.len() >= length.trim().parse().unwrap() {
                return (head, body.to_owned());
            }
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the request is cut off");
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Text(format!(
        "HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    ))
}

fn spec(config: Value) -> PipelineSpec {
    PipelineSpec {
        name: "hook".to_owned(),
        source_name: None,
        entity_types: Vec::new(),
        changed_fields: Vec::new(),
        handler: "webhook".to_owned(),
        config,
        retry: json!({}),
        limits: Limits::default(),
        worker_role: None,
        enabled: true,
        project: None,
    }
}

fn open(settings: Value) -> crate::error::Result<Webhook> {
    let opened = Webhook::open_with(&spec(settings), &|name| match name {
        "SECRET" => Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw plain-old".to_owned()),
        "AUTHORIZATION" => Some("Bearer very-secret-token".to_owned()),
        "NEW" => Some(format!("whsec_{}", BASE64_STANDARD.encode("new secret"))),
        "OLD" => Some("old".to_owned()),
        "BROKEN" => Some("whsec_*".to_owned()),
        _ => None,
    });
    Ok(opened?)
}

fn event() -> Event {
    Event {
        reference_id: ReferenceId::compute("a b/ü", "CSC-126"),
        source: "a b/ü".to_owned(),
        entity_type: "course".to_owned(),
        record_key: "CSC-126".to_owned(),
        change: Change::Updated,
        payload_hash: VersionHash::of(b"{}"),
        generation: 2,
        attempt: 3,
        version: 4,
        changed_at: "2026-03-01T12:00:00Z".parse().unwrap(),
        payload: Some(r#"{"seats":1.10,"title":"hidden-payload"}"#.to_owned()),
        skew: SignedDuration::ZERO,
        span: tracing::Span::none(),
    }
}

fn failed(outcome: &Outcome) -> (FailureClass, &str, &str, Option<SignedDuration>) {
    match outcome {
        Outcome::Failed { class, reason_code, message, retry_after } => {
            (*class, reason_code, message, *retry_after)
        }
        Outcome::Done => panic!("it was carried out"),
    }
}

async fn deliver(webhook: &Webhook) -> Outcome {
    webhook.deliver(&event(), &Dropped::new()).await
}

#[tokio::test]
async fn every_status_has_its_outcome() {
    use FailureClass::{Permanent, Throttled, Transient};
    for (status, class, reason) in [
        ("429", Throttled, "webhook_throttled"),
        ("503", Throttled, "webhook_throttled"),
        ("408", Transient, "webhook_unavailable"),
        ("425", Transient, "webhook_unavailable"),
        ("500", Transient, "webhook_unavailable"),
        ("502", Transient, "webhook_unavailable"),
        ("410", Permanent, "webhook_gone"),
        ("400", Permanent, "webhook_refused"),
        ("404", Permanent, "webhook_refused"),
    ] {
        let server = Server::with_status(status, "").await;
        let outcome = deliver(&server.webhook(json!({}))).await;
        let (found, code, message, retry_after) = failed(&outcome);
        assert_eq!((found, code, retry_after), (class, reason, None), "{status}");
        assert_eq!(message, format!("127.0.0.1 answered with status {status}"));
    }
    for status in ["200", "202", "204"] {
        let server = Server::with_status(status, "").await;
        assert_eq!(deliver(&server.webhook(json!({}))).await, Outcome::Done, "{status}");
    }
}

#[tokio::test]
async fn a_throttle_counts_although_its_body_stalls() {
    let text = "HTTP/1.1 429 x\r\nretry-after: 7\r\ncontent-length: 100\r\n\r\nslow down";
    let server = Server::start(vec![Answer::Stall(text.to_owned())]).await;
    let began = Instant::now();
    let outcome = deliver(&server.webhook(json!({"timeout": "20s"}))).await;
    let (class, code, message, retry_after) = failed(&outcome);
    assert_eq!((class, code), (FailureClass::Throttled, "webhook_throttled"));
    assert_eq!(retry_after, Some(SignedDuration::from_secs(7)));
    assert_eq!(message, "127.0.0.1 answered with status 429: slow down");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn the_time_of_a_signature_is_the_databases_if_the_clock_is_off() {
    let server = Server::with_status("200", "").await;
    let webhook = server.webhook(json!({}));
    let skew = SignedDuration::from_hours(-2);
    webhook.deliver(&event(), &Dropped::new()).await;
    webhook.deliver(&Event { skew, ..event() }, &Dropped::new()).await;
    let seconds = |(head, _): &(String, String)| {
        let line = head.lines().find_map(|line| line.strip_prefix("webhook-timestamp: ")).unwrap();
        line.trim().parse::<i64>().unwrap()
    };
    let mut sent: Vec<i64> = server.requests().iter().map(seconds).collect();
    sent.sort_unstable();
    let now = clock::now().as_second();
    assert!((now - 30..=now).contains(&sent[1]), "{sent:?}");
    assert!((now - 7_230..=now - 7_200).contains(&sent[0]), "{sent:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Server::with_status("200", "").await;
    let server = Server::with_status("307", &format!("location: http://{}/\r\n", other.address)).await;
    let outcome = deliver(&server.webhook(json!({}))).await;
    assert_eq!(failed(&outcome).0, FailureClass::Permanent);
    assert_eq!(failed(&outcome).1, "webhook_redirected");
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test]
async fn incomplete_responses_are_retried() {
    let silent = Server::start(vec![Answer::Stall(String::new())]).await;
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
    let cut_off = Server::start(vec![Answer::Text(cut.to_owned())]).await;
    let no_http = Server::start(vec![Answer::Text("hello\r\n\r\n".to_owned())]).await;
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let unreachable = Server { address: gone.local_addr().unwrap(), requests: Arc::default() };
    drop(gone);
    for (server, timeout, reason) in [
        (&silent, "200ms", "webhook_timeout"),
        (&cut_off, "30s", "webhook_broken_off"),
        (&no_http, "30s", "webhook_broken_off"),
        (&unreachable, "30s", "webhook_unreachable"),
    ] {
        let outcome = deliver(&server.webhook(json!({"timeout": timeout}))).await;
        let (class, code, message, _) = failed(&outcome);
        assert_eq!((class, code), (FailureClass::Transient, reason), "{message}");
        assert!(!message.contains("hidden"), "{message}");
    }
}

#[tokio::test]
async fn messages_contain_no_secret() {
    let body = "no:\n\u{1b}[31m Bearer very-secret-token very-secret-token";
    let server = Server::start(vec![answer("400", "", &format!("{body}{}", "x".repeat(100_000)))]).await;
    let webhook =
        server.webhook(json!({"headers": {"authorization": "env:AUTHORIZATION"}, "secret": "env:SECRET"}));
    let outcome = deliver(&webhook).await;
    let message = failed(&outcome).2;
    assert!(message.starts_with("127.0.0.1 answered with status 400: no: [31m … …"), "{message}");
    assert!(message.chars().count() < 250, "{message}");
    assert!(server.requests()[0].0.contains("authorization: bearer very-secret-token"));
    assert!(!format!("{webhook:?}").contains("secret"));
}

#[test]
fn retry_after_is_read_in_every_form() {
    let now = "1994-11-06T08:49:07Z".parse().unwrap();
    for (text, seconds) in [
        ("120", Some(120)),
        ("0", Some(0)),
        ("99999999999999999999999", Some(86_400)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", Some(30)),
        ("Sun Nov  6 08:49:37 1994", Some(30)),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
        ("Mon, 06 Nov 1995 08:49:37 GMT", Some(86_400)),
        ("soon", None),
        ("-1", None),
        ("", None),
    ] {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(text).unwrap())]);
        let expected = seconds.map(SignedDuration::from_secs);
        assert_eq!(response::retry_after(&headers, now), expected, "{text}");
    }
}

#[tokio::test]
async fn a_request_is_a_signed_cloud_event() {
    let server = Server::with_status("200", "").await;
    deliver(&server.webhook(json!({"secret": "env:SECRET"}))).await;
    let (head, body) = server.requests().remove(0);
    assert!(head.starts_with("post /hook/hidden-path?token=hidden-query"));
    assert!(head.contains("content-type: application/cloudevents+json"));
    let cloud_event: Value = serde_json::from_str(&body).unwrap();
    for (name, value) in [
        ("specversion", json!("1.0")),
        ("id", json!(event().id())),
        ("source", json!("/forebay/sources/a%20b%2F%C3%BC")),
        ("type", json!("forebay.reference.updated")),
        ("subject", json!("CSC-126")),
        ("time", json!("2026-03-01T12:00:00Z")),
        ("datacontenttype", json!("application/json")),
        ("entitytype", json!("course")),
        ("version", json!(4)),
        ("attempt", json!(3)),
    ] {
        assert_eq!(cloud_event[name], value, "{name}");
    }
    let is_attribute = |name: &String| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    assert!(cloud_event.as_object().unwrap().keys().all(is_attribute));
    assert!(body.contains(r#""payload":{"seats":1.10,"#), "numbers keep their digits: {body}");
    // The expected signature is computed with an independent decoding of the key.
    let value = |name: &str| head.split(&format!("{name}: ")).nth(1).unwrap().lines().next().unwrap();
    assert_eq!(value("webhook-id"), event().id());
    let signed = format!("{}.{}.{body}", event().id(), value("webhook-timestamp"));
    let plain = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"plain-old");
    let expected = BASE64_STANDARD.encode(ring::hmac::sign(&plain, signed.as_bytes()));
    let signatures: Vec<&str> = value("webhook-signature").split(' ').collect();
    assert_eq!(signatures.len(), 2);
    assert_eq!(signatures[1], format!("v1,{}", expected.to_lowercase()), "the head is in lower case here");
}

#[tokio::test]
async fn a_payload_can_be_omitted_and_a_removal_has_none() {
    let server = Server::with_status("200", "").await;
    deliver(&server.webhook(json!({"payload": false}))).await;
    let gone = Event { payload: None, change: Change::Removed, ..event() };
    server.webhook(json!({})).deliver(&gone, &Dropped::new()).await;
    let bodies: Vec<Value> =
        server.requests().iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
    assert!(bodies[0]["data"].get("payload").is_none());
    assert_eq!(bodies[0]["data"]["record_key"], "CSC-126");
    assert_eq!(bodies[1]["data"].get("payload"), Some(&Value::Null));
    // Another form of the same content is another event; otherwise receivers would drop it as a duplicate.
    let id = event().id();
    assert!(bodies[0]["id"].as_str().unwrap().starts_with(&format!("{id}/")), "{}", bodies[0]["id"]);
    assert_eq!(bodies[1]["id"], json!(format!("{id}/removed")));
    assert_eq!(bodies[1]["type"], "forebay.reference.removed");
    assert!(!server.requests()[0].0.contains("webhook-signature"));
}

fn signer(secrets: &str) -> Option<Signer> {
    Signer::of([Ok::<_, ()>(Signer::keys(secrets)?)]).unwrap()
}

#[tokio::test]
async fn a_secret_can_be_rotated() {
    let server = Server::with_status("200", "").await;
    deliver(&server.webhook(json!({"secret": ["env:NEW", "env:OLD"]}))).await;
    let (head, body) = server.requests().remove(0);
    let value = |name: &str| head.split(&format!("{name}: ")).nth(1).unwrap().lines().next().unwrap();
    let signed = format!("{}.{}.{body}", event().id(), value("webhook-timestamp"));
    let signatures: Vec<&str> = value("webhook-signature").split(' ').collect();
    assert_eq!(signatures.len(), 2);
    // A receiver accepts a request if one of the signatures is that of its secret.
    for secret in ["new secret".as_bytes(), b"old"] {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        let expected = format!("v1,{}", BASE64_STANDARD.encode(ring::hmac::sign(&key, signed.as_bytes())));
        assert!(signatures.contains(&expected.to_lowercase().as_str()), "{head}");
    }
}

/// The example from the Standard Webhooks libraries.
#[test]
fn signatures_are_those_of_the_specification() {
    let signer = signer("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_secret_may_lack_its_padding() {
    let sign = |secret: &str| signer(secret).map(|signer| signer.sign("a", "1", "b"));
    assert_eq!(sign("whsec_Zm9vYg=="), sign("foob"));
    assert_eq!(sign("whsec_Zm9vYg"), sign("foob"));
    for wrong in ["", "whsec_", "whsec_Z", "whsec_Zg===", "whsec_Z-g="] {
        assert_eq!(sign(wrong), None, "{wrong}");
    }
}

#[test]
fn wrong_settings_are_refused_by_name_and_without_secrets() {
    for (settings, expected) in [
        (json!({}), "needs `url`"),
        (json!({"url": "http://example.org/hidden"}), "allow_http"),
        (json!({"url": "ftp://example.org/hidden"}), "https://"),
        (json!({"url": "https://user:hidden@example.org"}), "password"),
        (json!({"url": "http://127.0.0.1", "timeout": "soon"}), "timeout"),
        (json!({"url": "http://127.0.0.1", "timeout": "0s"}), "timeout"),
        (json!({"url": "http://127.0.0.1", "concurrency": 0}), "concurrency"),
        (json!({"url": "http://127.0.0.1", "payload": "yes"}), "payload"),
        (json!({"url": "http://127.0.0.1", "headers": {"a b": "c"}}), "name of a header"),
        (json!({"url": "http://127.0.0.1", "headers": {"Webhook-Id": "c"}}), "webhook-id"),
        (json!({"url": "http://127.0.0.1", "headers": {"x": "hidden\n"}}), "cannot be sent"),
        (json!({"url": "http://127.0.0.1", "headers": {"x": "env:MISSING"}}), "MISSING is not set"),
        (json!({"url": "http://127.0.0.1", "headers": {"x": "env:FOREBAY_DATABASE_URL"}}), "is never sent"),
        (json!({"url": "http://127.0.0.1", "secret": "env:PGPASSWORD"}), "is never sent"),
        (json!({"url": "http://127.0.0.1", "secret": ["env:SECRET", "env:MISSING"]}), "MISSING is not set"),
        (json!({"url": "http://127.0.0.1", "secret": "env:BROKEN"}), "not base64"),
        (json!({"url": "http://127.0.0.1", "secret": "hidden"}), "must name environment variables"),
        (
            json!({"url": "http://127.0.0.1", "secret": ["env:SECRET", "hidden"]}),
            "must name environment variables",
        ),
        (json!({"url": "http://127.0.0.1", "disable": {"after": "soon"}}), "`disable.after`"),
        (json!({"url": "http://127.0.0.1", "disable": {"min_failures": 0}}), "`disable.min_failures`"),
        (json!({"url": "http://127.0.0.1", "disable": {"max": 0}}), "no setting `max`"),
        (json!({"url": "http://127.0.0.1", "retries": 3}), "no setting `retries`"),
    ] {
        let error = open(settings.clone()).unwrap_err();
        assert_eq!(error.code(), "pipeline_config");
        let message = error.to_string();
        assert!(message.contains(expected) && !message.contains("hidden"), "{settings}: {message}");
    }
    assert!(open(json!({"url": "http://example.org", "allow_http": true})).is_ok());
    assert!(open(json!({"url": "http://[::1]:8080/"})).is_ok());
}

//! Sessions of the dashboard: logging in and out, what a viewer sees, and what ends a session.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use forebay_domain::access::Role;
use forebay_engine::tokens;
use forebay_server::{Admission, Limits};
use forebay_store::actions::{self, ActionFilter, Actor};
use tokio::task::spawn_blocking;

use crate::stage::{Answer, Stage, get};

async fn submit(stage: &Stage, path: &str, form: &str, cookie: Option<&str>) -> Answer {
    let request = Request::post(path)
        .header("host", "localhost:8321")
        .header("origin", "http://localhost:8321")
        .header("content-type", "application/x-www-form-urlencoded");
    let request = match cookie {
        Some(cookie) => request.header("cookie", cookie),
        None => request,
    };
    stage.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

/// Logs in, and returns the cookie.
async fn log_in(stage: &Stage, token: &str) -> String {
    let answer = submit(stage, "/login", &format!("token={token}"), None).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"), "{}", answer.text());
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn page(stage: &Stage, path: &str, cookie: &str) -> Answer {
    stage.send(get(path).header("cookie", cookie).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_session_begins_with_a_token_and_ends_with_the_log_out() {
    let stage = Stage::locked(false).await;
    let away = stage.get("/runs?status=held").await;
    assert_eq!(
        (away.status, away.header("location")),
        (StatusCode::SEE_OTHER, "/login?next=%2Fruns%3Fstatus%3Dheld")
    );
    assert_eq!(stage.get("/").await.header("location"), "/login");
    let part = stage.send(get("/").header("hx-request", "true").body(Body::empty()).unwrap()).await;
    assert_eq!((part.status, part.header("hx-redirect")), (StatusCode::UNAUTHORIZED, "/login"));
    let form = stage.get(away.header("location")).await;
    assert!(form.text().contains("name=\"next\" value=\"/runs?status=held\""), "{}", form.text());

    let token = stage.token(Role::Operator, None).await;
    let answer = submit(&stage, "/login", &format!("token=+{token}%0A&next=/runs?status=held"), None).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/runs?status=held"));
    let cookie = answer.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert!(!cookie.contains("fby_"), "{cookie}");
    let shown = page(&stage, "/runs?status=held", cookie).await;
    assert!(shown.text().contains("· operator") && shown.text().contains("Log out"), "{}", shown.text());
    assert_eq!(page(&stage, "/login?next=//evil.example", cookie).await.header("location"), "/");
    assert_eq!(
        page(&stage, "/v1/runs", cookie).await.status,
        StatusCode::OK,
        "the API takes a session as well"
    );
    let other = format!("{}0", &cookie[..cookie.len() - 1]);
    let other = if other == cookie { format!("{}1", &cookie[..cookie.len() - 1]) } else { other };
    assert_eq!(page(&stage, "/runs", &other).await.status, StatusCode::SEE_OTHER);

    let out = submit(&stage, "/logout", "", Some(cookie)).await;
    assert_eq!((out.status, out.header("location")), (StatusCode::SEE_OTHER, "/login"));
    assert_eq!(out.header("set-cookie"), "forebay=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    assert_eq!(page(&stage, "/runs", cookie).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_wrong_token_begins_no_session_and_many_must_wait() {
    let stage = Stage::locked(false).await;
    stage.persist("courses", &[serde_json::json!({ "id": 1 })]).await;
    let some = stage.token(Role::Viewer, Some(&["courses"])).await;
    let ingest = stage.token(Role::Ingest, Some(&["courses"])).await;
    for token in [some, ingest] {
        let answer = submit(&stage, "/login", &format!("token={token}"), None).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text().contains("the dashboard shows all sources"), "{}", answer.text());
        assert!(!answer.headers.contains_key("set-cookie") && !answer.text().contains(&token));
    }
    for number in 0..10 {
        let answer = submit(&stage, "/login", &format!("token=hunter{number}&next=/workers"), None).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        let text = answer.text();
        assert!(
            text.contains("role=\"alert\"")
                && text.contains("value=\"/workers\"")
                && !text.contains("hunter"),
            "{text}"
        );
    }
    let token = stage.token(Role::Admin, None).await;
    let answer = submit(&stage, "/login", &format!("token={token}"), None).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.header("retry-after").parse::<u32>().unwrap() <= 60);
    // A page of another site can't log its visitor in.
    let forged = Request::post("/login").header("host", "localhost").header("origin", "https://evil.example");
    assert_eq!(stage.send(forged.body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_viewer_sees_no_button_that_would_be_refused() {
    let stage = Stage::locked(true).await;
    let operator = log_in(&stage, &stage.token(Role::Operator, None).await).await;
    let viewer = log_in(&stage, &stage.token(Role::Viewer, None).await).await;
    let runs = page(&stage, "/v1/runs?status=held", &operator).await.json();
    let held = runs["items"][0]["run_id"].as_i64().unwrap();
    let runs = page(&stage, "/v1/runs?status=complete&source=seed.events", &operator).await.json();
    let done = runs["items"][0]["run_id"].as_i64().unwrap();
    for (path, button) in [
        ("/".to_owned(), "Retry them…"),
        ("/handoffs".to_owned(), "Retry…"),
        ("/handoffs?state=failed".to_owned(), "Retry all of these…"),
        (format!("/runs/{held}/held"), "Apply the changes…"),
        (format!("/runs/{done}"), "Undo this run…"),
    ] {
        let text = page(&stage, &path, &operator).await.text();
        assert!(text.contains(button), "{path}: {text}");
        let shown = page(&stage, &path, &viewer).await;
        assert_eq!(shown.status, StatusCode::OK, "{path}");
        assert!(
            !shown.text().contains(button) && !shown.text().contains("/decide/"),
            "{path}: {}",
            shown.text()
        );
        assert!(!shown.text().contains("href=\"/handoffs/retry"), "{path}");
    }
    let decide = format!("/runs/{held}/decide/release");
    for path in [&*decide, "/handoffs/retry?state=failed"] {
        let answer = page(&stage, path, &viewer).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(answer.text().contains("<h1>") && answer.text().contains("permission_missing"), "{path}");
    }
    for (path, form) in [
        (&*decide, "expected=0-0-0-0-0"),
        ("/handoffs/retry", "filter="),
        ("/handoffs/retry/1/stop", ""),
        ("/handoffs/pause", "pipeline=seed.index&what=pause"),
        ("/sources/seed.courses/breaker", "command=open"),
        ("/sources/seed.courses/test", ""),
    ] {
        assert_eq!(submit(&stage, path, form, Some(&viewer)).await.status, StatusCode::FORBIDDEN, "{path}");
        let nobody = submit(&stage, path, form, None).await;
        assert_eq!((nobody.status, nobody.header("location")), (StatusCode::SEE_OTHER, "/login"), "{path}");
    }
    assert_eq!(page(&stage, &format!("/v1/runs/{held}"), &viewer).await.json()["run"]["status"], "held");
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let stage = Stage::locked(false).await;
    let cookie = log_in(&stage, &stage.token(Role::Admin, None).await).await;
    assert_eq!(page(&stage, "/", &cookie).await.status, StatusCode::OK);
    let row = forebay_store::tokens::list(&**stage.database.client().await.unwrap()).await.unwrap().remove(0);
    tokens::revoke(&stage.database, &row.name, &Actor::library()).await.unwrap();
    assert_eq!(page(&stage, "/", &cookie).await.header("location"), "/login");
    assert_eq!(page(&stage, "/v1/runs", &cookie).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let stage = Stage::build(false, Admission { is_https: true, ..Admission::default() }).await;
    let token = stage.token(Role::Viewer, None).await;
    let answer = submit(&stage, "/login", &format!("token={token}"), None).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-forebay=") && cookie.ends_with("; SameSite=Lax; Secure"), "{cookie}");
}

#[tokio::test]
async fn a_decision_is_recorded_with_who_made_it_and_from_where() {
    let trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let stage = Stage::build(true, Admission { trusted_proxies, ..Admission::default() }).await;
    let token = stage.token(Role::Operator, None).await;
    let name =
        forebay_store::tokens::list(&**stage.database.client().await.unwrap()).await.unwrap().remove(0).name;
    let cookie = log_in(&stage, &token).await;
    let runs = page(&stage, "/v1/runs?status=held", &cookie).await.json();
    let ask = format!("/runs/{}/decide/reject", runs["items"][0]["run_id"]);
    let question = page(&stage, &ask, &cookie).await.text();
    let (_, rest) = question.split_once("name=\"expected\" value=\"").unwrap();
    let body = format!("reason=the+site+was+rebuilt&expected={}", rest.split('"').next().unwrap());
    let (address, serving) = stage.listen(Limits::default()).await;
    let sent = spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST {ask} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nCookie: {cookie}\r\n\
             X-Forwarded-For: 198.51.100.7, 203.0.113.9\r\nContent-Length: {length}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n{body}"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    });
    let answer = sent.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    stage.stopping.cancel();
    serving.await.unwrap();
    let client = stage.database.client().await.unwrap();
    let rows = actions::list(&**client, &ActionFilter { limit: 1, ..ActionFilter::default() }).await.unwrap();
    let row = &rows[0];
    assert_eq!((row.action.as_str(), &row.actor, row.role), ("run_rejected", &name, Role::Operator));
    assert_eq!((row.skin.as_str(), row.from.as_deref()), ("http", Some("203.0.113.9")));
    assert_eq!(row.reason.as_deref(), Some("the site was rebuilt"));
}

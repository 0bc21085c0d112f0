//! Who may call what: every endpoint as nobody and as each role, and tokens of every kind that are refused.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use forebay_domain::access::{Permission, Role};
use forebay_engine::tokens;
use forebay_server::{Route, routes};
use forebay_store::actions::Actor;
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::stage::{Answer, Stage, get};

/// A path of this route for a source: its other parameters name nothing that exists.
fn path_of(route: &Route, source: &str) -> String {
    let parts = route.path.split('/').map(|part| match part {
        "{source}" => source,
        "{run}" | "{version}" | "{job}" => "999999",
        "{reference}" => "00000000-0000-8000-8000-000000000000",
        part if part.starts_with('{') => "nothing",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn call(stage: &Stage, method: &Method, path: &str, token: Option<&str>) -> Answer {
    let request = Request::builder().method(method.clone()).uri(path);
    let request = match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    };
    let response = stage.open(request.body(Body::empty()).unwrap()).await;
    let (parts, body) = response.into_parts();
    // A stream does not end.
    let body = match tokio::time::timeout(Duration::from_secs(20), body.into_data_stream().next()).await {
        Ok(Some(Ok(first))) => first.to_vec(),
        _ => Vec::new(),
    };
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn with(stage: &Stage, path: &str, token: &str) -> Answer {
    call(stage, &Method::GET, path, Some(token)).await
}

fn is_refused(answer: &Answer) -> bool {
    answer.status == StatusCode::UNAUTHORIZED || answer.text().contains("\"permission_missing\"")
}

#[tokio::test]
async fn every_endpoint_asks_for_its_permission() {
    let stage = Stage::locked(true).await;
    let mut callers = vec![(None, None)];
    for role in Role::ALL {
        let sources = (role == Role::Ingest).then_some(&["seed.courses"][..]);
        callers.push((Some(role), Some(stage.token(role, sources).await)));
    }
    let routes = routes();
    assert!(routes.len() > 20, "{routes:?}");
    for route in routes {
        let mut path = path_of(&route, "seed.courses");
        if !route.path.contains('{') {
            path.push_str("?source=seed.courses");
        }
        for (role, token) in &callers {
            let answer = call(&stage, &route.method, &path, token.as_deref()).await;
            let case = format!("{} {path} as {role:?}: {} {}", route.method, answer.status, answer.text());
            let Some(role) = role else {
                assert_eq!(
                    (answer.status, answer.json()["code"].as_str()),
                    (StatusCode::UNAUTHORIZED, Some("authentication_required")),
                    "{case}"
                );
                assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="forebay""#);
                continue;
            };
            if !role.permissions().contains(&route.needs) {
                assert_eq!(
                    (answer.status, answer.json()["code"].as_str()),
                    (StatusCode::FORBIDDEN, Some("permission_missing")),
                    "{case}"
                );
                assert_eq!(
                    answer.header("www-authenticate"),
                    r#"Bearer realm="forebay", error="insufficient_scope""#
                );
            } else if *role != Role::Ingest {
                assert!(!is_refused(&answer) && answer.status != StatusCode::INTERNAL_SERVER_ERROR, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_for_some_sources_is_good_for_requests_about_them_only() {
    let stage = Stage::locked(true).await;
    let (own, other) = ("seed.courses", "seed.events");
    let viewer = stage.token(Role::Viewer, Some(&[own])).await;
    let all = stage.token(Role::Admin, None).await;
    let of = async |source: &str| {
        let page = with(&stage, &format!("/v1/runs?source={source}"), &all).await.json();
        let run = page["items"][0]["run_id"].as_i64().unwrap();
        let page = with(&stage, &format!("/v1/references?source={source}&limit=1"), &all).await.json();
        let reference = page["items"][0]["reference_id"].as_str().unwrap().to_owned();
        let key = page["items"][0]["record_key"].as_str().unwrap().replace('/', "%2F");
        [
            format!("/v1/runs?source={source}"),
            format!("/v1/runs/{run}"),
            format!("/v1/runs/{run}/logs"),
            format!("/v1/runs/{run}/rejected"),
            format!("/v1/references?source={source}"),
            format!("/v1/references/{reference}"),
            format!("/v1/references/{source}%2F{key}"),
            format!("/v1/references/{reference}/versions"),
            format!("/v1/references/{reference}/handoffs"),
            format!("/v1/references/{reference}/at?time=2100-01-01T00:00:00Z"),
            format!("/v1/sources/{source}"),
            format!("/v1/handoffs?source={source}"),
            format!("/v1/changes?source={source}"),
            format!("/v1/changes/stream?source={source}"),
            format!("/v1/search?q=a&source={source}"),
            format!("/v1/stats?source={source}"),
        ]
    };
    for (own, other) in of(own).await.iter().zip(of(other).await) {
        let answer = with(&stage, own, &viewer).await;
        assert_eq!(answer.status, StatusCode::OK, "{own}: {}", answer.text());
        let answer = with(&stage, &other, &viewer).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (StatusCode::FORBIDDEN, Some("permission_missing")),
            "{other}"
        );
    }
    // What doesn't exist has no hint that would name what exists elsewhere.
    for path in
        ["/v1/changes/stream?entity=cours", "/v1/handoffs?pipeline=seed.inde", "/v1/search?q=a&pipeline=x"]
    {
        let path = format!("{path}&source={own}");
        let (limited, free) = (with(&stage, &path, &viewer).await, with(&stage, &path, &all).await);
        assert!(free.json()["hint"].is_string(), "{path}: {}", free.text());
        assert_eq!(
            (&limited.json()["code"], &limited.json()["hint"]),
            (&free.json()["code"], &Value::Null),
            "{path}"
        );
    }
    // What concerns all sources, nothing, or something that does not exist.
    for route in routes().iter().filter(|route| Role::Viewer.permissions().contains(&route.needs)) {
        let answer = with(&stage, &path_of(route, "seed.nothing"), &viewer).await;
        // A parameter that is missing is said first.
        assert!(
            is_refused(&answer) || answer.status == StatusCode::BAD_REQUEST,
            "{}: {}",
            route.path,
            answer.text()
        );
    }
    for path in
        ["/v1/references/seed.events%2Fnothing", "/v1/references/seed.courses%2Fnothing", "/v1/runs/999999"]
    {
        assert_eq!(
            with(&stage, path, &viewer).await.status,
            StatusCode::FORBIDDEN,
            "{path} says nothing about others"
        );
    }
}

#[tokio::test]
async fn a_scraper_posts_to_its_source_and_reads_its_runs() {
    let stage = Stage::locked(false).await;
    for source in ["courses", "events"] {
        stage.persist(source, &[json!({ "id": 1 })]).await;
    }
    let token = stage.token(Role::Ingest, Some(&["courses"])).await;
    let post = async |source: &str| {
        let request = Request::post(format!("/v1/persist?source={source}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/x-ndjson")
            .body(Body::from("{\"id\": 2}\n"));
        stage.send(request.unwrap()).await
    };
    let posted = post("courses").await;
    assert_eq!(posted.status, StatusCode::OK, "{}", posted.text());
    let run = format!("/v1/runs/{}", posted.json()["run_id"]);
    assert_eq!(with(&stage, &run, &token).await.status, StatusCode::OK);
    assert_eq!(post("events").await.status, StatusCode::FORBIDDEN);
    assert_eq!(post("new").await.status, StatusCode::FORBIDDEN);
    assert_eq!(with(&stage, "/v1/references?source=courses", &token).await.status, StatusCode::FORBIDDEN);
    let admin = stage.token(Role::Admin, None).await;
    let runs = with(&stage, "/v1/runs?source=events", &admin).await.json();
    assert_eq!(runs["items"].as_array().unwrap().len(), 1, "nothing was written");
}

#[tokio::test]
async fn refused_tokens_look_the_same_and_slow_their_sender_down() {
    let stage = Stage::locked(false).await;
    let (good, revoked, expired) = (
        stage.token(Role::Viewer, None).await,
        stage.token(Role::Operator, None).await,
        stage.token(Role::Admin, None).await,
    );
    let client = stage.database.client().await.unwrap();
    for row in forebay_store::tokens::list(&**client).await.unwrap() {
        if row.role == Role::Operator {
            tokens::revoke(&stage.database, &row.name, &Actor::library()).await.unwrap();
        }
    }
    let expire =
        "update forebay.api_tokens set expires_at = now() - interval '1 second' where role = 'admin'";
    client.batch_execute(expire).await.unwrap();
    drop(client);
    assert_eq!(with(&stage, "/v1/runs", &good).await.status, StatusCode::OK);
    let elsewhere = Stage::locked(false).await.token(Role::Admin, None).await;
    let mut bodies = Vec::new();
    let jwt = "eyJhbGciOiJub25lIn0.e30.";
    for token in [&*revoked, &expired, &elsewhere, &good[..40], "fby_", "", jwt, "hunter2", "a.b.c"] {
        let answer = with(&stage, "/v1/runs", token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}: {}", answer.text());
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="forebay", error="invalid_token""#);
        assert_eq!(answer.header("cache-control"), "no-store");
        bodies.push(answer.text());
    }
    bodies.dedup();
    assert!(bodies.len() == 1 && bodies[0].contains("\"token_refused\""), "{bodies:?}");
    // Another scheme, such as that of a proxy, presents nothing.
    let basic = get("/v1/runs").header("authorization", "Basic YTpi").body(Body::empty()).unwrap();
    assert_eq!(stage.send(basic).await.json()["code"], "authentication_required");

    assert_eq!(with(&stage, "/v1/runs", "hunter3").await.status, StatusCode::UNAUTHORIZED);
    let slowed = with(&stage, "/v1/runs", &stage.token(Role::Viewer, None).await).await;
    assert_eq!((slowed.status.as_u16(), slowed.json()["code"].as_str()), (429, Some("too_many_failures")));
    assert!((1..=60).contains(&slowed.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(with(&stage, "/v1/runs", &good).await.status, StatusCode::OK, "others share the address");
}

#[tokio::test]
async fn an_open_server_closes_with_its_first_token_for_good() {
    let stage = Stage::empty().await;
    assert_eq!(stage.get("/v1/runs").await.status, StatusCode::OK);
    let wrong = with(&stage, "/v1/runs", "hunter2").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "a wrong token is not the same as none");
    let token = stage.token(Role::Viewer, None).await;
    assert_eq!(stage.get("/v1/runs").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(with(&stage, "/v1/runs", &token).await.status, StatusCode::OK);
    let client = stage.database.client().await.unwrap();
    client.batch_execute("delete from forebay.api_tokens").await.unwrap();
    drop(client);
    assert_eq!(stage.get("/v1/runs").await.status, StatusCode::UNAUTHORIZED);
    // Supervisors, and whoever generates a client, need no token.
    for path in ["/healthz", "/readyz", "/v1/openapi.json", "/login"] {
        assert_eq!(stage.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn streams_end_when_their_token_is_revoked() {
    let stage = Stage::locked(false).await;
    let token = stage.token(Role::Viewer, None).await;
    let open = async |path: &str| {
        let request = get(path).header("authorization", format!("Bearer {token}"));
        let response = stage.open(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.into_body()
    };
    let (changes, pages) = (open("/v1/changes/stream").await, open("/pages/events").await);
    let (mut changes, mut pages) = (changes.into_data_stream(), pages.into_data_stream());
    let first = changes.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"retry: "));
    let row = forebay_store::tokens::list(&**stage.database.client().await.unwrap()).await.unwrap().remove(0);
    tokens::revoke(&stage.database, &row.name, &Actor::library()).await.unwrap();
    let rest = async {
        let mut text = String::new();
        while let Some(chunk) = changes.next().await {
            text.push_str(&String::from_utf8_lossy(&chunk.unwrap()));
        }
        while pages.next().await.is_some() {}
        text
    };
    let text = tokio::time::timeout(Duration::from_secs(30), rest).await.unwrap();
    assert!(text.ends_with("event: cut\ndata: {\"code\":\"token_refused\",\"message\":\"the token is no longer good for this stream\"}\n\n"), "{text}");
}

#[tokio::test]
async fn a_server_that_cannot_look_up_tokens_opens_nothing() {
    let stage = Stage::empty().await;
    let client = stage.database.client().await.unwrap();
    client.batch_execute("drop table forebay.api_tokens").await.unwrap();
    drop(client);
    for path in ["/v1/runs", "/", "/pages/events"] {
        let status = stage.get(path).await.status;
        assert!(status.is_client_error() || status.is_server_error(), "{path}: {status}");
    }
}

#[test]
fn the_table_of_permissions_covers_every_route() {
    for route in routes() {
        let roles = Role::ALL.iter().filter(|role| role.permissions().contains(&route.needs)).count();
        assert!((1..Role::ALL.len()).contains(&roles) || route.needs == Permission::ReadRuns, "{route:?}");
        assert!(
            route.method == Method::GET || route.needs != Permission::Read,
            "{route:?} changes something"
        );
    }
}

#[tokio::test]
async fn a_scraper_cannot_switch_off_what_would_hold_its_run() {
    let stage = Stage::locked(true).await;
    let token = stage.token(Role::Ingest, Some(&["seed.courses"])).await;
    for option in ["guards=false", "max_removed=1", "max_rejected=1"] {
        let path = format!("/v1/persist?source=seed.courses&{option}");
        let refused = call(&stage, &Method::POST, &path, Some(&token)).await;
        assert!(refused.status == StatusCode::FORBIDDEN && is_refused(&refused), "{}", refused.text());
    }
}

#[tokio::test]
async fn an_open_server_does_not_answer_what_a_proxy_forwards() {
    let stage = Stage::empty().await;
    for header in ["forwarded", "via", "x-forwarded-for"] {
        let request = get("/v1/runs").header(header, "192.0.2.1").body(Body::empty()).unwrap();
        assert_eq!(stage.send(request).await.status, StatusCode::UNAUTHORIZED, "{header}");
    }
}

#[tokio::test]
async fn odd_texts_and_times_are_refused() {
    let stage = Stage::seeded().await;
    for (path, body) in [
        ("/v1/handoffs/retry", json!({ "filter": { "source": "a\u{0}" } })),
        ("/v1/handoffs/retry", json!({ "filter": { "since": "-009999-01-01T00:00:00Z" } })),
    ] {
        let request = Request::post(path).header("content-type", "application/json");
        let answer = stage.send(request.body(Body::from(body.to_string())).unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}: {}", answer.text());
    }
    let cursor = format!("c{}", forebay_domain::hex::encode(br#"["\u0000","x"]"#));
    for path in [format!("/v1/freshness?after={cursor}"), "/v1/runs?since=-009999-01-01T00:00:00Z".to_owned()]
    {
        let answer = stage.get(&path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}: {}", answer.text());
    }
}

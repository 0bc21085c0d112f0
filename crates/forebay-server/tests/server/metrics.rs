//! `/metrics`: valid for Prometheus, equal to what the API says, and described in the guide; the alerts and the
//! dashboard in `deploy/` name metrics that exist.
//!
//! `UPDATE_DOCS=1 cargo test -p forebay-server --test server metrics` regenerates the table of the guide. Without
//! `promtool`, which scripts/parts.sh installs, its checks say that they were skipped.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use axum::{body::Body, http::StatusCode};
use forebay_domain::access::Role;
use forebay_server::{Metric, MetricKind, metrics};
use serde_json::{Value, json};

use crate::stage::{Stage, get};

/// The whole part of each sample by its name with its labels.
async fn samples(stage: &Stage) -> BTreeMap<String, u64> {
    let answer = stage.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let whole = |value: &str| value.split('.').next().unwrap().parse::<u64>().unwrap();
    let parsed: Vec<(String, u64)> = lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), whole(value)))
        .collect();
    let by_name: BTreeMap<String, u64> = parsed.iter().cloned().collect();
    assert_eq!(by_name.len(), parsed.len(), "a sample is there twice: {text}");
    by_name
}

fn sum(samples: &BTreeMap<String, u64>, start: &str) -> u64 {
    samples.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, value)| value).sum()
}

/// Runs a check of promtool, which must succeed. False: it is not installed.
fn passes(folder: &Path, arguments: &[&str], input: &str) -> bool {
    let mut command = Command::new("promtool");
    command.args(arguments).current_dir(folder);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else { return false };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    true
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[tokio::test]
async fn prometheus_accepts_them() {
    let stage = Stage::seeded().await;
    stage.get("/v1/runs").await;
    let text = stage.get("/metrics").await.text();
    for Metric { name, kind, .. } in metrics() {
        assert!(text.contains(&format!("\n# TYPE {name} {}\n", kind.as_str())), "{name} is not described");
    }
    if !passes(&repository(), &["check", "metrics"], &text) {
        eprintln!("SKIPPED: scripts/parts.sh installs promtool");
    }
}

#[tokio::test]
async fn they_say_what_the_api_says() {
    let stage = Stage::seeded().await;
    let all = samples(&stage).await;
    let number = async |path: &str| stage.json(path).await["items"].as_array().unwrap().len() as u64;
    assert_eq!(all["forebay_database_up"], 1);
    assert_eq!(all["forebay_metrics_errors_total"], 0);
    assert_eq!(sum(&all, "forebay_held_runs{"), number("/v1/runs?status=held&limit=1000").await);
    assert_eq!(sum(&all, "forebay_freshness_scopes{"), number("/v1/freshness?limit=1000").await);
    let breakers = stage.json("/v1/breakers").await;
    let is_open = |breaker: &&Value| breaker["state"] != "closed" && breaker["state"] != "disabled";
    let open = breakers["items"].as_array().unwrap().iter().filter(is_open).count();
    assert!(open > 0);
    assert_eq!(sum(&all, "forebay_breakers{"), open as u64);
    let counts = stage.json("/v1/handoffs/counts").await;
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for count in counts["items"].as_array().unwrap() {
        let text = |key: &str| count[key].as_str().unwrap();
        let (pipeline, word) = (text("pipeline"), text("state"));
        if !matches!(word, "succeeded" | "superseded" | "cancelled") {
            let name = format!("forebay_handoffs{{pipeline=\"{pipeline}\",state=\"{word}\"}}");
            *expected.entry(name).or_default() += count["num_handoffs"].as_u64().unwrap();
        }
    }
    let found = all.iter().filter(|(name, _)| name.starts_with("forebay_handoffs{"));
    let found: BTreeMap<String, u64> = found.map(|(name, value)| (name.clone(), *value)).collect();
    assert!(expected.len() > 2);
    assert_eq!(found, expected);
    let failing = all.iter().filter(|(name, _)| name.starts_with("forebay_source_failed_runs{"));
    assert!(failing.clone().count() > 2 && failing.map(|(_, value)| value).sum::<u64>() > 0, "{all:?}");
    assert!(all.contains_key("forebay_table_rows{table=\"references\",state=\"live\"}"), "{all:?}");
    assert!(all["forebay_table_size_bytes{table=\"reference_revisions\"}"] > 0, "partitions count");
}

#[tokio::test]
async fn requests_are_counted_by_route() {
    let stage = Stage::empty().await;
    for path in ["/v1/sources/a", "/v1/sources/b", "/v1/runs", "/v1/x/y/z", "/wp-login.php"] {
        stage.get(path).await;
    }
    stage.send(get("/v1/runs").method("PROPFIND").body(Body::empty()).unwrap()).await;
    let all = samples(&stage).await;
    let of = |method: &str, route: &str, status: &str| {
        all[&format!(
            "forebay_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}"
        )]
    };
    assert_eq!(of("GET", "/v1/sources/{source}", "4xx"), 2);
    assert_eq!(of("GET", "/v1/runs", "2xx"), 1);
    assert_eq!(of("GET", "other", "4xx"), 2);
    assert_eq!(of("other", "/v1/runs", "4xx"), 1);
    let bucket = "forebay_http_request_duration_seconds_bucket{route=\"/v1/sources/{source}\",le=\"+Inf\"}";
    assert_eq!(all[bucket], 2);
    assert_eq!(all["forebay_http_request_duration_seconds_count{route=\"/v1/sources/{source}\"}"], 2);
}

#[tokio::test]
async fn a_database_that_is_away_is_no_error() {
    let stage = Stage::unreachable();
    // Nobody can be recognised, so nothing else is said.
    assert_eq!(samples(&stage).await, BTreeMap::from([("forebay_database_up".to_owned(), 0)]));
}

#[tokio::test]
async fn a_scraper_presents_a_token_for_all_sources() {
    let stage = Stage::locked(false).await;
    stage.persist("courses", &[json!({ "id": 1 })]).await;
    assert_eq!(stage.get("/metrics").await.status, StatusCode::UNAUTHORIZED);
    for (token, status) in [
        (stage.token(Role::Viewer, None).await, StatusCode::OK),
        (stage.token(Role::Ingest, Some(&["courses"])).await, StatusCode::FORBIDDEN),
        (stage.token(Role::Viewer, Some(&["courses"])).await, StatusCode::FORBIDDEN),
    ] {
        let request = get("/metrics").header("authorization", format!("Bearer {token}"));
        let answer = stage.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

#[test]
fn the_alerts_and_the_dashboard_name_metrics_that_exist() {
    let mut known = BTreeSet::new();
    for Metric { name, kind, .. } in metrics() {
        known.insert((*name).to_owned());
        if *kind == MetricKind::Histogram {
            known.extend(["_bucket", "_sum", "_count"].map(|suffix| format!("{name}{suffix}")));
        }
    }
    for file in ["prometheus/alerts.yml", "prometheus/alerts_test.yml", "grafana/forebay.json"] {
        let text = fs::read_to_string(repository().join("deploy").join(file)).unwrap();
        let words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        let named: BTreeSet<&str> = words.filter(|word| word.starts_with("forebay_")).collect();
        assert!(named.len() > 5, "{file}: {named:?}");
        for name in named {
            assert!(known.contains(name), "{file} names {name}");
        }
    }
    let dashboard = fs::read_to_string(repository().join("deploy/grafana/forebay.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 15);
}

#[test]
fn the_alerts_fire_when_they_should() {
    let folder = repository().join("deploy/prometheus");
    if !passes(&folder, &["check", "rules", "alerts.yml"], "")
        || !passes(&folder, &["test", "rules", "alerts_test.yml"], "")
    {
        eprintln!("SKIPPED: scripts/parts.sh installs promtool");
    }
}

#[test]
fn the_guide_describes_every_metric() {
    let file = repository().join("docs/guides/metrics.md");
    let page = fs::read_to_string(&file).unwrap();
    let (start, end) = ("<!-- metrics -->\n", "<!-- /metrics -->\n");
    let (before, rest) = page.split_once(start).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let mut table = String::from("| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for Metric { name, kind, labels, help } in metrics() {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        writeln!(table, "| `{name}` | {} | {} | {help} |", kind.as_str(), labels.join(", ")).unwrap();
    }
    let expected = format!("{before}{start}{table}{end}{after}");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, &expected).unwrap();
        return;
    }
    assert!(page == expected, "run UPDATE_DOCS=1 cargo test -p forebay-server --test server metrics");
}

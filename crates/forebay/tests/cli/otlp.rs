//! Traces and logs of real processes, received on loopback.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{database, write_records},
    receiver::Receiver,
    serve::Serving,
    shown,
    site::World,
};

/// The spans by their id.
fn spans(collector: &Receiver) -> BTreeMap<String, Value> {
    let traces = collector.requests().into_iter().filter(|request| request.path == "/v1/traces");
    let spans = traces.flat_map(|request| {
        request.body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone()
    });
    spans.map(|span| (span["spanId"].as_str().unwrap().to_owned(), span)).collect()
}

fn named<'a>(spans: &'a BTreeMap<String, Value>, name: &str) -> &'a Value {
    spans.values().find(|span| span["name"] == name).unwrap_or_else(|| panic!("no {name} in {spans:?}"))
}

fn attribute<'a>(span: &'a Value, key: &str) -> &'a Value {
    let attributes = span["attributes"].as_array().unwrap();
    &attributes.iter().find(|each| each["key"] == key).unwrap_or_else(|| panic!("no {key} in {span}"))["value"]
}

#[test]
fn a_run_sends_its_spans_and_its_log() {
    let (collector, sandbox, db) = (Receiver::open(), Sandbox::new(), database());
    let file = write_records(&sandbox, "courses.jsonl", [json!({ "id": "a" }), json!({ "id": "b" })]);
    let mut command = sandbox.command(&format!("persist {file} --source courses --key id"));
    command.env("FOREBAY_DATABASE_URL", &db.url).env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url);
    command
        .env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20k-1")
        .env("OTEL_SERVICE_NAME", "campus");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    let requests = collector.requests();
    assert!(requests.iter().all(|request| request.headers["authorization"] == "Bearer k-1"));
    let traces = requests.iter().find(|request| request.path == "/v1/traces").unwrap();
    let resource = traces.body["resourceSpans"][0]["resource"].to_string();
    assert!(resource.contains(r#"{"key":"service.name","value":{"stringValue":"campus"}}"#), "{resource}");

    let spans = spans(&collector);
    let (run, batch) = (named(&spans, "run"), named(&spans, "batch"));
    assert_eq!(attribute(run, "source"), &json!({ "stringValue": "courses" }));
    assert_eq!(attribute(batch, "num_records"), &json!({ "intValue": "2" }));
    assert_eq!((&batch["traceId"], &batch["parentSpanId"]), (&run["traceId"], &run["spanId"]));
    let time = |span: &Value, key: &str| span[key].as_str().unwrap().parse::<u128>().unwrap();
    assert!(time(run, "startTimeUnixNano") <= time(batch, "startTimeUnixNano"));
    assert!(time(batch, "endTimeUnixNano") <= time(run, "endTimeUnixNano"));

    let logs = requests.iter().find(|request| request.path == "/v1/logs").unwrap();
    let records = logs.body["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap();
    let started = records
        .iter()
        .find(|record| record["body"]["stringValue"].as_str().unwrap().starts_with("run started"));
    let started = started.unwrap_or_else(|| panic!("{records:?}"));
    assert_eq!((&started["traceId"], &started["severityNumber"]), (&run["traceId"], &json!(9)));
}

#[test]
fn pages_are_fetched_and_prepared_inside_their_run() {
    let (collector, world) = (Receiver::open(), World::new());
    let mut command = world.sandbox.command("scrape courses");
    command.env("FOREBAY_DATABASE_URL", &world.db.url);
    let output = command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url).output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    let spans = spans(&collector);
    let run = named(&spans, "run");
    for name in ["page", "prepare"] {
        let all: Vec<&Value> = spans.values().filter(|span| span["name"] == name).collect();
        assert!(all.len() >= 2, "{name}: {spans:?}");
        for span in all {
            assert_eq!(
                (&span["traceId"], &span["parentSpanId"]),
                (&run["traceId"], &run["spanId"]),
                "{span}"
            );
        }
    }
}

#[test]
fn a_trace_goes_from_the_caller_of_the_api_and_from_the_worker_to_the_webhook() {
    let (collector, hook, sandbox, db) = (Receiver::open(), Receiver::open(), Sandbox::new(), database());
    sandbox.configure(&format!(
        "[pipelines.hook]\nsource = \"courses\"\nhandler = \"webhook\"\nurl = \"{}\"\n",
        hook.url
    ));
    let variables =
        [("FOREBAY_DATABASE_URL", db.url.as_str()), ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str())];
    let serving = Serving::start_with(&sandbox, "--work", &variables);
    let caller = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
    let posted = serving.post_with(
        "/v1/persist?source=courses&key=id",
        &format!("traceparent: {caller}\r\n"),
        r#"{"id": "a"}"#,
    );
    assert!(posted.starts_with("HTTP/1.1 200"), "{posted}");
    db.wait_for("select count(*) from forebay.ingestion_outcomes where state = 'succeeded'", "2");
    let (code, log) = serving.stop();
    assert_eq!(code, Some(130), "{log}");

    let spans = spans(&collector);
    let of_post = spans.values().filter(|span| span["traceId"] == "0af7651916cd43dd8448eb211c80319c");
    let names: Vec<&str> = of_post.clone().map(|span| span["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"request") && names.contains(&"run"), "{names:?}");
    let request = of_post.clone().find(|span| span["name"] == "request").unwrap();
    assert_eq!((&request["parentSpanId"], &request["kind"]), (&json!("00f067aa0ba902b7"), &json!(2)));

    let delivered = hook.requests();
    let header = delivered[0].headers["traceparent"].to_str().unwrap();
    let parts: Vec<&str> = header.split('-').collect();
    let handoff = &spans[parts[2]];
    assert_eq!((&handoff["name"], &handoff["traceId"]), (&json!("handoff"), &json!(parts[1])), "{handoff}");
    let claim = &spans[handoff["parentSpanId"].as_str().unwrap()];
    assert_eq!((&claim["name"], &claim["traceId"]), (&json!("claim"), &handoff["traceId"]), "{spans:?}");
}

#[test]
fn a_collector_that_is_away_fails_nothing() {
    let (sandbox, db) = (Sandbox::new(), database());
    let file = write_records(&sandbox, "courses.jsonl", [json!({ "id": "a" })]);
    let line = format!("persist {file} --source courses --key id --log-level warn");
    let mut command = sandbox.command(&line);
    command.env("FOREBAY_DATABASE_URL", &db.url).env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let began = Instant::now();
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    assert!(shown(&output).contains("can't be sent by OTLP"), "{}", shown(&output));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let mut command = sandbox.command(&line);
    command.env("FOREBAY_DATABASE_URL", &db.url).env("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    assert!(shown(&output).contains("otlp_unusable"), "{}", shown(&output));
}

//! The JSON of OTLP 1: <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::context::TraceContext;

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

/// A finished span.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its own place in a trace.
    pub context: TraceContext,
    /// The span that it is part of; `None`: it begins the trace.
    pub parent: Option<u64>,
    /// Its name.
    pub name: &'static str,
    /// Whether another program's request began it.
    pub is_server: bool,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Its fields.
    pub attributes: Vec<(&'static str, Value)>,
    /// The first error that was logged in it.
    pub error: Option<String>,
}

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Log {
    /// When it was written.
    pub at: Timestamp,
    /// The span that wrote it.
    pub context: Option<TraceContext>,
    /// Its severity, by the numbers of OpenTelemetry: 9 is info, 13 warn, 17 error.
    pub severity: u8,
    /// The word for that.
    pub level: &'static str,
    /// What it says.
    pub message: String,
    /// Its fields.
    pub attributes: Vec<(&'static str, Value)>,
}

/// The attributes of everything that a process sends.
pub(super) type Resource = [(String, String)];

/// The body of a request for `/v1/traces`.
pub(super) fn traces(resource: &Resource, spans: &[Span]) -> Json {
    let spans: Vec<Json> = spans.iter().map(span).collect();
    json!({ "resourceSpans": [{
        "resource": of_process(resource),
        "scopeSpans": [{ "scope": scope(), "spans": spans }],
    }] })
}

/// The body of a request for `/v1/logs`.
pub(super) fn logs(resource: &Resource, logs: &[Log]) -> Json {
    let records: Vec<Json> = logs.iter().map(log).collect();
    json!({ "resourceLogs": [{
        "resource": of_process(resource),
        "scopeLogs": [{ "scope": scope(), "logRecords": records }],
    }] })
}

fn of_process(resource: &Resource) -> Json {
    let attributes: Vec<Json> =
        resource.iter().map(|(key, text)| json!({ "key": key, "value": { "stringValue": text } })).collect();
    json!({ "attributes": attributes })
}

fn scope() -> Json {
    json!({ "name": "forebay", "version": env!("CARGO_PKG_VERSION") })
}

fn span(span: &Span) -> Json {
    let mut json = json!({
        "traceId": format!("{:032x}", span.context.trace_id),
        "spanId": format!("{:016x}", span.context.span_id),
        "name": span.name,
        // Internal, or of a server.
        "kind": if span.is_server { 2 } else { 1 },
        "startTimeUnixNano": nanoseconds(span.began),
        "endTimeUnixNano": nanoseconds(span.ended),
        "attributes": attributes(&span.attributes),
    });
    if let Some(parent) = span.parent {
        json["parentSpanId"] = format!("{parent:016x}").into();
    }
    if let Some(message) = &span.error {
        json["status"] = json!({ "code": 2, "message": message });
    }
    json
}

fn log(log: &Log) -> Json {
    let mut json = json!({
        "timeUnixNano": nanoseconds(log.at),
        "observedTimeUnixNano": nanoseconds(log.at),
        "severityNumber": log.severity,
        "severityText": log.level,
        "body": { "stringValue": log.message },
        "attributes": attributes(&log.attributes),
    });
    if let Some(context) = log.context {
        json["traceId"] = format!("{:032x}", context.trace_id).into();
        json["spanId"] = format!("{:016x}", context.span_id).into();
    }
    json
}

/// 64-bit numbers are texts in this encoding.
fn nanoseconds(at: Timestamp) -> String {
    at.as_nanosecond().to_string()
}

fn attributes(fields: &[(&'static str, Value)]) -> Vec<Json> {
    let value = |value: &Value| match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Integer(number) => json!({ "intValue": number.to_string() }),
        Value::Number(number) => json!({ "doubleValue": number }),
        Value::Flag(flag) => json!({ "boolValue": flag }),
    };
    fields.iter().map(|(key, field)| json!({ "key": key, "value": value(field) })).collect()
}

//! Traces and logs by OTLP: turns the spans and events of `tracing` into those of the engine's exporter.
//!
//! Spans of the level debug are sent (pages, hand-offs), and log lines of the level info. Texts pass through
//! [`redact`], as on the terminal.

use std::fmt;

use forebay_domain::percent;
use forebay_engine::{
    clock,
    telemetry::{
        Exporter, ExporterSettings, Log, Span, Value,
        context::{self, TraceContext},
    },
};
use forebay_sources::environment;
use jiff::Timestamp;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, Registry, layer::Context, registry::LookupSpan};
use url::Url;

use super::redact;
use crate::{
    env_vars::{
        OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES, OTEL_SDK_DISABLED,
        OTEL_SERVICE_NAME,
    },
    failure::Failure,
};

/// The span of a request to the server.
const REQUEST: &str = "request";

/// Starts to send, if a collector is configured. Error: `otlp_unusable`.
pub(crate) fn exporter() -> Result<Option<Exporter>, Failure> {
    let Some(settings) = settings()? else { return Ok(None) };
    let exporter = Exporter::start(settings).map_err(|problem| unusable(&problem))?;
    context::register(current, resume);
    Ok(Some(exporter))
}

fn settings() -> Result<Option<ExporterSettings>, Failure> {
    let variable = |name: &str| environment::var(name).ok().filter(|value| !value.is_empty());
    if variable(OTEL_SDK_DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    let Some(text) = variable(OTEL_EXPORTER_OTLP_ENDPOINT) else { return Ok(None) };
    let base = Url::parse(&text).map_err(|error| unusable(&error.to_string()))?;
    if !matches!(base.scheme(), "http" | "https") {
        return Err(unusable("it must begin with http:// or https://"));
    }
    let at = |path: &str| {
        let mut url = base.clone();
        url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
        url
    };
    let mut resource = pairs(&variable(OTEL_RESOURCE_ATTRIBUTES).unwrap_or_default());
    let named = resource.iter().any(|(name, _)| name == "service.name");
    let service = variable(OTEL_SERVICE_NAME).or_else(|| (!named).then(|| "forebay".to_owned()));
    if let Some(service) = service {
        resource.retain(|(name, _)| name != "service.name");
        resource.push(("service.name".to_owned(), service));
    }
    resource.push(("service.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()));
    resource.push(("process.pid".to_owned(), std::process::id().to_string()));
    let headers = pairs(&variable(OTEL_EXPORTER_OTLP_HEADERS).unwrap_or_default());
    Ok(Some(ExporterSettings { traces: at("v1/traces"), logs: at("v1/logs"), headers, resource }))
}

/// The address may contain a secret by mistake, so no error repeats it.
fn unusable(problem: &str) -> Failure {
    Failure::usage("otlp_unusable", format!("{OTEL_EXPORTER_OTLP_ENDPOINT} is not usable: {problem}"))
        .hint("set it to the address of a collector that takes OTLP over HTTP, such as http://localhost:4318")
}

/// `name=value` pairs, separated by commas; values are percent-encoded.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |value: &str| percent::decode(value).unwrap_or_else(|| value.to_owned());
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), decoded(value.trim()))).collect()
}

/// What to send: what Forebay says, not its libraries.
pub(super) fn is_sent(metadata: &Metadata<'_>) -> bool {
    let least = if metadata.is_span() { Level::DEBUG } else { Level::INFO };
    metadata.target().starts_with("forebay") && *metadata.level() <= least
}

/// The layer.
pub(super) struct Otlp(pub(super) Exporter);

/// An open span.
struct Traced {
    context: TraceContext,
    parent: Option<u64>,
    began: Timestamp,
    fields: Fields,
    error: Option<String>,
}

#[derive(Default)]
struct Fields {
    message: String,
    attributes: Vec<(&'static str, Value)>,
}

impl Fields {
    /// A field that is recorded again has the last value.
    fn put(&mut self, field: &Field, value: Value) {
        match self.attributes.iter_mut().find(|(name, _)| *name == field.name()) {
            Some((_, known)) => *known = value,
            None => self.attributes.push((field.name(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = redact(&format!("{value:?}"));
        if field.name() == "message" {
            self.message = text;
        } else {
            self.put(field, Value::Text(text));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::Integer(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let number = i64::try_from(value).map_or_else(|_| Value::Text(value.to_string()), Value::Integer);
        self.put(field, number);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::Number(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Flag(value));
    }
}

impl<S> Layer<S> for Otlp
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let parent = span.parent().and_then(|parent| parent.extensions().get().map(|of: &Traced| of.context));
        let trace_id = parent.map_or_else(
            || u128::from(clock::random_seed()) << 64 | u128::from(clock::random_seed() | 1),
            |parent| parent.trace_id,
        );
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(Traced {
            context: TraceContext { trace_id, span_id: clock::random_seed() | 1 },
            parent: parent.map(|parent| parent.span_id),
            began: clock::now(),
            fields,
            error: None,
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(traced) = span.extensions_mut().get_mut::<Traced>() {
            values.record(&mut traced.fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = *event.metadata().level();
        let span = context.event_span(event);
        let place = span.as_ref().and_then(|span| {
            let mut extensions = span.extensions_mut();
            let traced = extensions.get_mut::<Traced>()?;
            if level == Level::ERROR && traced.error.is_none() {
                traced.error = Some(fields.message.clone());
            }
            Some(traced.context)
        });
        let severity = match level {
            Level::ERROR => 17,
            Level::WARN => 13,
            Level::INFO => 9,
            Level::DEBUG => 5,
            Level::TRACE => 1,
        };
        self.0.log(Log {
            at: clock::now(),
            context: place,
            severity,
            level: level.as_str(),
            message: fields.message,
            attributes: fields.attributes,
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(traced) = span.extensions_mut().remove::<Traced>() else { return };
        self.0.span(Span {
            context: traced.context,
            parent: traced.parent,
            name: span.name(),
            is_server: span.name() == REQUEST,
            began: traced.began,
            ended: clock::now(),
            attributes: traced.fields.attributes,
            error: traced.error,
        });
    }
}

/// The place of the current span.
fn current() -> Option<TraceContext> {
    let place = tracing::Span::current().with_subscriber(|(id, dispatch)| {
        let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
        span.scope().find_map(|span| span.extensions().get().map(|traced: &Traced| traced.context))
    });
    place.flatten()
}

/// Lets a new span continue a trace.
fn resume(span: &tracing::Span, from: TraceContext) {
    span.with_subscriber(|(id, dispatch)| {
        let Some(span) = dispatch.downcast_ref::<Registry>().and_then(|registry| registry.span(id)) else {
            return;
        };
        if let Some(traced) = span.extensions_mut().get_mut::<Traced>() {
            traced.context.trace_id = from.trace_id;
            traced.parent = Some(from.span_id);
        }
    });
}

//! Log lines on standard error: the engine's `tracing` events.
//!
//! The human form has a time, a level, the message and its fields; the JSON form is one object per line. Every line
//! passes through [`redact`] and is printed above progress bars.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
};

use clap::ValueEnum;
use forebay_engine::{clock, telemetry::Exporter};
use tracing::{Event, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::FilterFn,
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter,
        format::{DefaultFields, Writer},
        time::FormatTime,
    },
    layer::SubscriberExt,
    registry::{LookupSpan, Scope},
    util::SubscriberInitExt,
};

use super::{
    clean::clean,
    escape_json,
    otlp::{self, Otlp},
    progress, redact,
    style::{Style, Tone},
};

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Text for people
    Human,
    /// One JSON object per line
    Json,
}

/// What to log: a level, or directives such as `info,forebay_sources=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

impl std::str::FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // EnvFilter reads a misspelt level as the name of a module, and would log nothing. The parser accepts an empty
        // text as `error`.
        let is_level = |text: &str| !text.is_empty() && text.parse::<LevelFilter>().is_ok();
        let is_directive = |part: &str| match part.rsplit_once('=') {
            Some((_, level)) => is_level(level),
            None => is_level(part) || part.contains("::") || part.starts_with("forebay"),
        };
        if text.split(',').map(str::trim).all(is_directive) && EnvFilter::try_new(text).is_ok() {
            return Ok(Self(text.to_owned()));
        }
        Err("expected off, error, warn, info, debug or trace, or directives such as info,forebay_sources=debug"
            .to_owned())
    }
}

/// Starts logging, and sending if there is an exporter. `default` applies when no filter is given. A second call
/// changes nothing.
pub(crate) fn start(
    filter: Option<&LogFilter>,
    default: LevelFilter,
    format: LogFormat,
    exporter: Option<Exporter>,
) {
    let filter = filter
        .map_or_else(|| EnvFilter::new(format!("{default},rmcp=error")), |filter| EnvFilter::new(&filter.0));
    let layer = tracing_subscriber::fmt::layer().with_writer(Stderr(format)).with_ansi(false);
    let layer = match format {
        LogFormat::Human => layer.event_format(Human(Style::of(io::stderr().is_terminal()))).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(false).with_timer(Utc).boxed(),
    };
    let sent = FilterFn::new(otlp::is_sent).with_max_level_hint(LevelFilter::DEBUG);
    let sending = exporter.map(|exporter| Otlp(exporter).with_filter(sent));
    // It fails only if logging has already started.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).with(sending).try_init();
}

/// Times in RFC 3339, UTC, with milliseconds.
struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{:.3}", clock::now())
    }
}

/// The human form.
struct Human(Style);

impl<S> FormatEvent<S, DefaultFields> for Human
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, DefaultFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        Utc.format_time(&mut writer)?;
        let level = *event.metadata().level();
        let tone = match level {
            tracing::Level::ERROR => Tone::Bad,
            tracing::Level::WARN => Tone::Warning,
            _ => Tone::Faint,
        };
        write!(writer, " {} ", self.0.paint(tone, &format!("{level:>5}")))?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            if let Some(fields) = span.extensions().get::<FormattedFields<DefaultFields>>()
                && !fields.is_empty()
            {
                write!(writer, " {}{{{fields}}}", span.name())?;
            }
        }
        writeln!(writer)
    }
}

/// Standard error, line by line.
struct Stderr(LogFormat);

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self(self.0)
    }
}

impl Write for Stderr {
    /// Each call receives a whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = redact(&String::from_utf8_lossy(line));
        let text = match self.0 {
            LogFormat::Human => clean(&text),
            LogFormat::Json => escape_json(&text),
        };
        progress::above(|| io::stderr().lock().write_all(text.as_bytes()))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_level_or_directives() {
        for good in ["off", "warn", "DEBUG", "info,forebay_sources=debug", "forebay_engine::persist=trace"] {
            assert!(good.parse::<LogFilter>().is_ok(), "{good}");
        }
        for bad in ["", "loud", "info,quite", "forebay=loud"] {
            assert!(bad.parse::<LogFilter>().is_err(), "{bad}");
        }
    }
}

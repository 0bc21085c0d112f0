//! Traces and logs for a collector of OpenTelemetry, by OTLP over HTTP with JSON.
//!
//! The program that owns the process has the layer that turns spans and events of `tracing` into [`Span`] and [`Log`]
//! (`forebay`, `ui/otlp.rs`). [`Exporter`] sends them; what can't be sent is dropped, counted and logged, and nothing
//! waits for it. [`context`] carries a trace from and to other programs.

pub mod context;
mod encode;
mod exporter;

pub use self::{
    encode::{Log, Span, Value},
    exporter::{Exporter, ExporterSettings},
};

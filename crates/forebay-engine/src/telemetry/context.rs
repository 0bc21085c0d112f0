//! The trace that a span belongs to, in the form in which programs hand it on (W3C Trace Context, `traceparent`).
//!
//! Only the layer of the program knows the traces of spans, so it registers how to read and set them. Without a
//! layer, there are no traces and nothing is handed on.

use std::sync::OnceLock;

use tracing::Span;

/// The header, and its form in other protocols.
pub const TRACEPARENT: &str = "traceparent";

/// The trace of the current span, and how to continue another one.
type Hooks = (fn() -> Option<TraceContext>, fn(&Span, TraceContext));

static HOOKS: OnceLock<Hooks> = OnceLock::new();

/// A place in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace; not 0.
    pub trace_id: u128,
    /// The span; not 0.
    pub span_id: u64,
}

impl TraceContext {
    /// Reads a header: `00-TRACE-SPAN-FLAGS`. Versions after 00 may have more parts. `None`: it is invalid.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let is_valid = is_hex(version, 2)
            && version != "ff"
            && is_hex(trace, 32)
            && is_hex(span, 16)
            && is_hex(flags, 2)
            && (version != "00" || parts.next().is_none());
        let context = Self {
            trace_id: u128::from_str_radix(trace, 16).ok()?,
            span_id: u64::from_str_radix(span, 16).ok()?,
        };
        (is_valid && context.trace_id != 0 && context.span_id != 0).then_some(context)
    }

    /// The header: every trace is sampled.
    pub fn header(self) -> String {
        format!("00-{:032x}-{:016x}-01", self.trace_id, self.span_id)
    }
}

/// Registers how the layer of this process reads and sets the trace of spans. A second call changes nothing.
pub fn register(current: fn() -> Option<TraceContext>, resume: fn(&Span, TraceContext)) {
    let _is_first = HOOKS.set((current, resume));
}

/// The header for a request that the current span makes; `None`: it belongs to no trace.
pub fn traceparent() -> Option<String> {
    let (current, _) = HOOKS.get()?;
    current().map(TraceContext::header)
}

/// Lets a new span continue the trace of its caller, by the caller's header. An invalid one is ignored.
pub fn resume(span: &Span, traceparent: &str) {
    if let (Some((_, resume)), Some(context)) = (HOOKS.get(), TraceContext::parse(traceparent)) {
        resume(span, context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_and_written() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
        let context = TraceContext::parse(text).unwrap();
        assert_eq!(context.header(), text);
        assert!(
            TraceContext::parse("cc-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01-later").is_some()
        );
        for invalid in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7",
            "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01-later",
            "ff-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-00f067aa0ba902b7-01",
            "00-+af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceContext::parse(invalid), None, "{invalid}");
        }
    }
}

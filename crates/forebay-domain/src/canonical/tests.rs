//! Tests of the canonical form against RFC 8785 and the maintained crate for it.

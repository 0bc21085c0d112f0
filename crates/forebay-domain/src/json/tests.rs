//! Tests of the parser against its own rules and against `serde_json`.

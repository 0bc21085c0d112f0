//! Tests of ids and keys.

//! Tests of differences between versions.

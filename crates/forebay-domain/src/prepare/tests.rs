//! Tests of how records become references.

//! The tests of this crate against a real Postgres, in one binary.
//!
//! A module here tests the module of the same name. Most take a database of `forebay_store::testing`; those of the
//! embedded cluster make clusters of their own, to start, stop and kill.

mod cluster;
mod connect;
mod migrations;
mod support;

//! `forebay db up`: migrates the schema to this version.

/// Create or upgrade the schema
///
/// Safe to run again, and by several at once. Only adds to what the database holds.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db up
  forebay db up --database-url postgres://me@db.example.com/app")]
pub(crate) struct Args {}

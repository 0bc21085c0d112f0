//! `forebay demo`: everything at once, against a site of our own on loopback.

/// See it work: a site is scraped, persisted, handed off, ingested and searched
///
/// A made-up site of courses and events is served on this machine. The first run loads it, the second shows that a
/// replay writes nothing, the third meets the changes of the next day. Without a configured database a private
/// Postgres is started in the data folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay demo
  forebay demo --data-dir /tmp/forebay-demo
  forebay demo --output json")]
pub(crate) struct Args {}

//! The environment variables that the program reads.
//!
//! clap reads each variable that is also an option under the name given here; the option takes precedence. An empty
//! variable counts as not set.

/// Postgres to use. Precedence: `--database-url`, this, [`DATABASE_URL`].
pub(crate) const FOREBAY_DATABASE_URL: &str = "FOREBAY_DATABASE_URL";

/// Postgres to use, under the name that other programs share.
pub(crate) const DATABASE_URL: &str = "DATABASE_URL";

/// Folder of the private Postgres. Precedence: `--data-dir`, this, the user's data folder.
pub(crate) const FOREBAY_DATA_DIR: &str = "FOREBAY_DATA_DIR";

/// What to log: a level or directives such as `info,forebay_sources=debug`. Precedence: `--log-level`, this, the
/// default of the command.
pub(crate) const FOREBAY_LOG: &str = "FOREBAY_LOG";

/// Turns colour off when it is set to anything (<https://no-color.org>).
pub(crate) const NO_COLOR: &str = "NO_COLOR";

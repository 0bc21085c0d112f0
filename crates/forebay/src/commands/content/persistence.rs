//! Whether and how a command that writes a course also writes the database.

use std::path::PathBuf;

use forebay_domain::content::PersistMode;
use forebay_sources::environment;
use forebay_store::connect::{OpenOptions, Target};

use crate::{context::Context, env_vars::CREATOR_OS_DB_PERSIST, failure::Failure};

/// The mode and the pool of connections. Precedence: `given`, the environment variable, `[content]`, `on`.
pub(crate) fn persistence(
    given: Option<PersistMode>,
    context: &Context,
) -> Result<(PersistMode, OpenOptions), Failure> {
    let configured = context.config()?.content;
    let mode = match given {
        Some(mode) => Some(mode),
        None => flag()?.or(configured.persist),
    };
    let default = OpenOptions::default();
    let pool_size =
        configured.pool_size.and_then(|size| usize::try_from(size).ok()).unwrap_or(default.pool_size);
    Ok((mode.unwrap_or(PersistMode::On), OpenOptions { pool_size, ..default }))
}

/// The database to write. With persistence off none is opened, so the settings of the database are not read.
pub(crate) fn target(mode: PersistMode, context: &Context) -> Result<Target, Failure> {
    match mode {
        PersistMode::Off => Ok(Target::Embedded { data_dir: PathBuf::new() }),
        PersistMode::Shadow | PersistMode::On => context.target(),
    }
}

/// The mode that the environment variable means.
fn flag() -> Result<Option<PersistMode>, Failure> {
    let Some(flag) = environment::var_os(CREATOR_OS_DB_PERSIST).filter(|flag| !flag.is_empty()) else {
        return Ok(None);
    };
    let mode = flag.to_str().and_then(PersistMode::from_flag).ok_or_else(|| {
        let message = format!("{CREATOR_OS_DB_PERSIST} is `{}`", flag.display());
        Failure::usage("persist_flag_invalid", message).hint("set it to true or false")
    });
    mode.map(Some)
}

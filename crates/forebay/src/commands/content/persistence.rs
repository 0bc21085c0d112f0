//! Whether and how commands use the database of a course.

use std::path::PathBuf;

use forebay_domain::content::PersistMode;
use forebay_sources::environment;
use forebay_store::connect::{Database, OpenOptions, Target};

use crate::{context::Context, env_vars::CREATOR_OS_DB_PERSIST, failure::Failure};

/// The mode. Precedence: `given`, the environment variable, `[content]`, `on`.
pub(crate) fn mode(given: Option<PersistMode>, context: &Context) -> Result<PersistMode, Failure> {
    if let Some(mode) = given {
        return Ok(mode);
    }
    let configured = context.config()?.content.persist;
    Ok(flag()?.or(configured).unwrap_or(PersistMode::On))
}

/// How to connect: `[content]` sizes the pool and limits statements.
pub(crate) fn connection(context: &Context) -> Result<OpenOptions, Failure> {
    let default = OpenOptions::default();
    let of_courses = context.config()?.content;
    let pool_size =
        of_courses.pool_size.and_then(|size| usize::try_from(size).ok()).unwrap_or(default.pool_size);
    Ok(OpenOptions { pool_size, limits: Some(of_courses.limits()), ..default })
}

/// The database to write. With persistence off none is opened, so the settings of the database are not read.
pub(crate) fn target(mode: PersistMode, context: &Context) -> Result<Target, Failure> {
    match mode {
        PersistMode::Off => Ok(Target::Embedded { data_dir: PathBuf::new() }),
        PersistMode::Shadow | PersistMode::On => context.target(),
    }
}

/// Opens the database of courses, runs `work`, and closes it however that ended.
pub(crate) async fn with_database<T>(
    context: &Context,
    work: impl AsyncFnOnce(&Database) -> forebay_engine::Result<T>,
) -> Result<T, Failure> {
    let options = connection(context)?;
    context.with_connections(options, async |database| Ok(work(database).await?)).await
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

//! The result of a call that writes a course: its view, its messages and its exit code.

use std::path::Path;

use forebay_domain::{content::PersistMode, words::Word};
use forebay_engine::content::{Attention, ContentError, Written};
use forebay_views::{ContentPersisted, ContentWritten, Error};

use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::Report,
};

/// The exit code of every command that writes a course. `is_done`: the files are as they should be.
///
/// A held run is 3, whatever else happened: it waits for a decision. Then anything that is left to do is 1. An outage
/// of the database is no reason to fail, because the next sync stores what it missed.
pub(super) fn exit(is_done: bool, attention: Attention) -> Exit {
    match attention {
        Attention::HeldRun => Exit::Held,
        Attention::None if is_done => Exit::Done,
        Attention::None | Attention::Differences => Exit::Failed,
    }
}

/// Shows the result of a command that wrote a course, and warns if the database failed. In shadow mode, errors and
/// differences are only reported.
pub(super) fn finish(
    context: &Context,
    folder: &Path,
    mode: PersistMode,
    (result, database): (&impl Report, Option<&ContentPersisted>),
    is_done: bool,
) -> Result<Exit, Failure> {
    context.ui.show(result)?;
    let (PersistMode::On, Some(database)) = (mode, database) else {
        return Ok(exit(is_done, Attention::None));
    };
    if let Some(error) = &database.error {
        context.ui.warn(&format!(
            "the database was not written: error[{}]: {}; when it is back, run the same command again (`forebay \
             content sync {}` stores the files, but no scores)",
            error.code,
            error.message,
            folder.display()
        ));
    }
    let attention = database.sync.as_ref().and_then(|sync| Attention::from_word(&sync.attention));
    Ok(exit(is_done, attention.unwrap_or(Attention::None)))
}

/// The view of a call that writes files.
pub(super) fn written(written: Written) -> ContentWritten {
    ContentWritten::new(written, refused_error, database_error)
}

/// The error of a lesson that was refused, which is no error of the call.
pub(super) fn refused_error(error: ContentError) -> Error {
    Failure::from(forebay_engine::Error::from(error)).view()
}

/// The error of a database that failed, which is no error of the call.
pub(super) fn database_error(code: &'static str, message: String) -> Error {
    Failure::new(code, message).view()
}

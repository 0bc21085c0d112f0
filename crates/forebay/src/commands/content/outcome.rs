//! Views of what became of a call that writes a course.

use forebay_domain::content::paths::RelativePath;
use forebay_engine::content::Written;
use forebay_views::{ContentPersisted, ContentRefused, ContentWritten, Error};

use crate::failure::Failure;

/// The view of a call that writes files.
pub(super) fn written(written: Written) -> ContentWritten {
    let Written { paths, num_written, refused, persisted } = written;
    let refused = refused.into_iter().map(|refused| ContentRefused {
        index: refused.index,
        error: Failure::from(forebay_engine::Error::from(refused.error)).view(),
    });
    ContentWritten {
        paths: paths.iter().map(RelativePath::to_string).collect(),
        num_written,
        refused: refused.collect(),
        database: ContentPersisted::new(persisted, database_error),
    }
}

/// The error of a database that failed, which is no error of the call.
pub(super) fn database_error(code: &'static str, message: String) -> Error {
    Failure::new(code, message).view()
}

//! The form of every error, with the errors of the demo.

pub(crate) use forebay_views::failure::{Exit, Failure};

/// The error of a demo as a failure.
pub(crate) fn of_demo(error: forebay_demo::Error) -> Failure {
    if let forebay_demo::Error::Engine(error) = error {
        return error.into();
    }
    let mut failure = Failure::from_error(error.code(), &error);
    if let Some(hint) = error.hint() {
        failure = failure.hint(hint);
    }
    if error.is_usage() { failure.exit(Exit::Usage) } else { failure }
}

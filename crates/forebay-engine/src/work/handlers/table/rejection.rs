//! What the database's rejection of a row means for its hand-off, by SQLSTATE.

use forebay_domain::{
    handoff::FailureClass::{self, Permanent, Transient},
    identity::ReferenceId,
};
use forebay_store::{Error, ServerError, jobs::Failure};

use crate::work::failure::failure;

/// The meaning of the SQLSTATEs with a prefix; the first that matches counts, or [`OTHER`].
struct Meaning {
    prefix: &'static str,
    class: FailureClass,
    failure_code: &'static str,
    what: &'static str,
}

const fn meaning(
    prefix: &'static str,
    class: FailureClass,
    failure_code: &'static str,
    what: &'static str,
) -> Meaning {
    Meaning { prefix, class, failure_code, what }
}

const MEANINGS: [Meaning; 17] = [
    meaning("22", Permanent, "value_rejected", "a column cannot store its value"),
    // The row that a foreign key refers to may arrive later.
    meaning("23503", Transient, "constraint_violated", "the table rejected the row"),
    meaning("23", Permanent, "constraint_violated", "the table rejected the row"),
    meaning("44", Permanent, "constraint_violated", "the table rejected the row"),
    meaning("P0", Permanent, "constraint_violated", "the table rejected the row"),
    meaning("54", Permanent, "limit_exceeded", "the row exceeds a limit of Postgres"),
    meaning("08", Transient, "write_interrupted", "a connection of the database to another server failed"),
    meaning("HV", Transient, "write_interrupted", "a foreign table failed"),
    meaning("40", Transient, "write_interrupted", "the write conflicted with another one"),
    meaning("53", Transient, "write_interrupted", "the server has too few resources left"),
    meaning("55P03", Transient, "write_interrupted", "a lock could not be had in time"),
    meaning("55", Transient, "write_interrupted", "the table was not ready for the write"),
    meaning("57014", Transient, "write_interrupted", "the statement was cancelled or took too long"),
    meaning("57", Transient, "write_interrupted", "the server interrupted the write"),
    meaning("58", Transient, "write_interrupted", "the server had an error of its system"),
    meaning("XX", Transient, "write_interrupted", "the server had an internal error"),
    meaning("42501", Permanent, "write_refused", "the permission to write the row is missing"),
];
const OTHER: Meaning = meaning("", Permanent, "write_refused", "the database refused the row");

fn sqlstate(error: &Error) -> &str {
    error.server().and_then(ServerError::sqlstate).unwrap_or_default()
}

/// Whether the data of a row is the reason, so it is never an error of the pipeline.
pub(super) fn is_about_data(error: &Error) -> bool {
    error.server().is_some_and(ServerError::is_about_data)
}

/// Whether the statement ran into a timeout or was cancelled.
pub(super) fn took_too_long(error: &Error) -> bool {
    sqlstate(error) == "57014"
}

/// Whether a value is the reason, so there is a column to name.
pub(super) fn is_about_a_value(error: &Error) -> bool {
    sqlstate(error).starts_with("22")
}

/// So few rows may all be bad. They fail or are retried one by one; otherwise two bad rows that are alone in the queue
/// would stop their pipeline for ever.
const FEW: usize = 5;

/// The error of the pipeline, if there is one: all rows that were tried were rejected alike, and not because of their
/// data. If some were not tried because of timeouts, the ones before them speak for them, however few.
pub(super) fn of_pipeline(
    num_rows: usize,
    num_untried: usize,
    rejected: &mut Vec<(ReferenceId, Error)>,
) -> Option<Error> {
    let (_, first) = rejected.first()?;
    let is_alike = rejected.iter().all(|(_, error)| sqlstate(error) == sqlstate(first));
    let were_all_rejected = num_rows > FEW && rejected.len() + num_untried == num_rows;
    if were_all_rejected && is_alike && !is_about_data(first) {
        return rejected.pop().map(|(_, error)| error);
    }
    None
}

/// The failure of a row, described without its values. `refused`: the column that cannot store its value, and its type.
pub(super) fn failure_of(id: ReferenceId, error: &Error, refused: Option<(String, String)>) -> Failure {
    let sqlstate = sqlstate(error);
    let column = error.server().and_then(|server| server.driver().as_db_error()?.column());
    let meaning = MEANINGS.iter().find(|meaning| sqlstate.starts_with(meaning.prefix)).unwrap_or(&OTHER);
    let Meaning { class, failure_code, what, .. } = *meaning;
    let what = match (failure_code, refused, error.constraint(), column) {
        (_, Some((column, sql_type)), ..) => {
            format!("the column {column} of type {sql_type} cannot store its value")
        }
        ("constraint_violated", _, Some(constraint), _) => {
            format!("the constraint {constraint} rejected the row")
        }
        ("constraint_violated", _, None, Some(column)) => format!("the column {column} must not be null"),
        _ => what.to_owned(),
    };
    failure(id, class, failure_code, format!("{what} (SQLSTATE {sqlstate})"))
}

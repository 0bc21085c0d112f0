//! Rows that the database refused, as problems of their files.

use forebay_domain::content::{Problem, ProblemCode};
use forebay_store::content::RefusedRow;

use super::error::{ContentError, Result};

/// The problem of a refused row. A row without a single file is a problem of the folder.
pub(super) fn problem(row: &RefusedRow) -> Problem {
    let RefusedRow { table, path, sqlstate, message, column, constraint } = row;
    let message = format!("the database refuses its row in {table}: {message} (SQLSTATE {sqlstate})");
    let hint = match (constraint, column) {
        (Some(constraint), _) => format!("change the file or the constraint {constraint}, then sync again"),
        (_, Some(column)) => format!("change the file or the column {column}, then sync again"),
        _ if sqlstate.starts_with("54") => {
            "shorten the values that the table has an index for, such as paths and ids, then sync again"
                .to_owned()
        }
        _ => format!("change the file or the table {table}, then sync again"),
    };
    let path = path.as_deref().unwrap_or(".");
    Problem::error(ProblemCode::RowRefused, path, message).hint(hint)
}

/// Fails with the first of the refused rows, for a call that writes only one thing.
pub(super) fn check(refused: &[RefusedRow]) -> Result<()> {
    match refused {
        [] => Ok(()),
        [first, ..] => Err(ContentError::Problem(problem(first))),
    }
}

//! Reads rows by column name.
//!
//! A name that a statement doesn't return, a value of another type, and a word that this program doesn't know are
//! errors that name the column. Looking up a name costs a comparison for each column of the row. Where a statement
//! returns thousands of rows, [`columns`] looks the names up once for all of them.

use forebay_domain::words::Word;
use tokio_postgres::{Row, types::FromSql};

use crate::error::{Error, Result, ServerError};

/// A column of a result: its name, or its name with its position from [`columns`].
pub(crate) trait ColumnRef: Copy {
    /// The name.
    fn name(self) -> &'static str;

    /// Reads its value.
    fn value<'a, T: FromSql<'a>>(self, row: &'a Row) -> Result<T, tokio_postgres::Error>;
}

impl ColumnRef for &'static str {
    fn name(self) -> &'static str {
        self
    }

    fn value<'a, T: FromSql<'a>>(self, row: &'a Row) -> Result<T, tokio_postgres::Error> {
        row.try_get(self)
    }
}

/// A column with a known position.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    name: &'static str,
    position: usize,
}

impl ColumnRef for Column {
    fn name(self) -> &'static str {
        self.name
    }

    fn value<'a, T: FromSql<'a>>(self, row: &'a Row) -> Result<T, tokio_postgres::Error> {
        row.try_get(self.position)
    }
}

/// The positions of columns in a result. An empty result has no columns, so any position will do.
pub(crate) fn columns<const N: usize>(rows: &[Row], names: [&'static str; N]) -> Result<[Column; N]> {
    let mut found = names.map(|name| Column { name, position: 0 });
    let Some(row) = rows.first() else { return Ok(found) };
    for column in &mut found {
        // An exact match; `try_get` also accepts another case.
        column.position = row
            .columns()
            .iter()
            .position(|candidate| candidate.name() == column.name)
            .ok_or_else(|| Error::ColumnMissing { column: column.name })?;
    }
    Ok(found)
}

/// Reads values of a row by column.
pub(crate) trait ReadRow {
    /// The value of a column.
    fn read<'a, T: FromSql<'a>>(&'a self, column: impl ColumnRef) -> Result<T>;

    /// The count in a `bigint` column. Counts are never negative.
    fn count(&self, column: impl ColumnRef) -> Result<u64>;

    /// The word of a column.
    fn word<W: Word>(&self, column: impl ColumnRef) -> Result<W>;
}

impl ReadRow for Row {
    fn read<'a, T: FromSql<'a>>(&'a self, column: impl ColumnRef) -> Result<T> {
        column
            .value(self)
            .map_err(|error| Error::Column { column: column.name(), source: ServerError::from(error) })
    }

    fn count(&self, column: impl ColumnRef) -> Result<u64> {
        Ok(u64::try_from(self.read::<i64>(column)?).unwrap_or_default())
    }

    fn word<W: Word>(&self, column: impl ColumnRef) -> Result<W> {
        word(column.name(), self.read(column)?)
    }
}

/// Parses a word from a column.
pub(crate) fn word<W: Word>(column: &'static str, word: &str) -> Result<W> {
    W::from_word(word).ok_or_else(|| Error::UnknownWord { column, word: word.to_owned() })
}

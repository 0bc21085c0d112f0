//! A query of the list, with what it must use and may read.

/// A query.
pub(super) struct Query {
    /// What it finds, in the words of users.
    pub(super) finds: &'static str,
    /// How people ask for it, if not with this SQL.
    pub(super) asked_by: Option<&'static str>,
    pub(super) statement: &'static str,
    /// A literal for each of its parameters.
    pub(super) values: &'static str,
    /// The indexes that it must use.
    pub(super) indexes: &'static [&'static str],
    /// Whether the order comes from an index, so nothing is sorted.
    pub(super) is_ordered: bool,
    /// How many pages of 8 kB it may read, from the cache or the disk.
    pub(super) max_pages: i64,
}

impl Query {
    /// A query that users write themselves.
    pub(super) const fn sql(
        finds: &'static str,
        statement: &'static str,
        indexes: &'static [&'static str],
        max_pages: i64,
    ) -> Self {
        Self { finds, asked_by: None, statement, values: "", indexes, is_ordered: false, max_pages }
    }

    /// A query that Forebay makes.
    pub(super) const fn forebay(
        finds: &'static str,
        asked_by: &'static str,
        (statement, values): (&'static str, &'static str),
        indexes: &'static [&'static str],
        max_pages: i64,
    ) -> Self {
        Self { finds, asked_by: Some(asked_by), statement, values, indexes, is_ordered: false, max_pages }
    }

    pub(super) const fn ordered(mut self) -> Self {
        self.is_ordered = true;
        self
    }
}

//! The content tables that follow references, and the statements that write and compare them.
//!
//! A [`Projection`] has one query for the rows as the references say they should be, and one list of columns. Writing
//! and comparing are made from both, so a comparison finds exactly what writing would change.

use std::fmt::Write;

/// A table whose columns follow references.
pub(super) struct Projection {
    /// The table.
    pub(super) table: &'static str,
    /// The column that identifies a row.
    key: &'static str,
    /// The other columns that follow the references.
    columns: &'static [&'static str],
    /// Selects the rows: key, columns, and for lessons the path of the file. `$1` is the course.
    rows: &'static str,
    /// Further assignments when a row changes.
    on_change: &'static str,
}

/// The lessons of a course. Its query needs another condition: which references.
pub(super) const LESSONS: Projection = Projection {
    table: "forebay.course_lessons",
    key: "reference_id",
    columns: &[
        "piece_id",
        "module_number",
        "lesson_number",
        "word_count",
        "lesson_id",
        "slug",
        "title",
        "content",
        "bloom_level",
        "objectives",
        "key_concepts",
        "file_path",
        "content_hash",
    ],
    rows: include_str!("lessons.sql"),
    // A score belongs to the text that was measured.
    on_change: "gps_score = case when t.content_hash = w.content_hash then t.gps_score end, \
        didatica_score = case when t.content_hash = w.content_hash then t.didatica_score end, \
        validation_status = case when t.content_hash = w.content_hash then t.validation_status else 'pending' end, \
        validation_issues = case when t.content_hash = w.content_hash then t.validation_issues else '[]' end,",
};

/// Brief, outline and curriculum of a course, with its last approval. `$2` is its source.
pub(super) const METADATA: Projection = Projection {
    table: "forebay.course_metadata",
    key: "piece_id",
    columns: &[
        "total_modules",
        "total_lessons",
        "brief",
        "outline",
        "curriculum",
        "icp",
        "objectives",
        "voice_profile",
        "framework",
        "course_type",
        "level",
        "approved_at",
        "approved_by",
        "approved_hash",
    ],
    rows: include_str!("metadata.sql"),
    on_change: "",
};

/// Title, keywords, type and persona of a course from its curriculum. `$2` is its source.
pub(super) const TITLE: Projection = Projection {
    table: "forebay.content_pieces",
    key: "piece_id",
    columns: &["title", "keywords", "piece_type", "persona_mind_id"],
    rows: include_str!("title.sql"),
    on_change: "",
};

/// The research reports of a course. `$2` is its source.
pub(super) const RESEARCH: Projection = Projection {
    table: "forebay.market_research",
    key: "piece_id",
    columns: &["num_competitors", "market_analysis", "content_gaps", "differentiation", "sources", "summary"],
    rows: include_str!("research.sql"),
    on_change: "",
};

impl Projection {
    /// Updates the rows that differ, then inserts the missing ones. It returns a row for each.
    ///
    /// With `on conflict do update`, a generated column would be computed twice: for the row that is proposed and for
    /// the row that is written. The search vector of a lesson is by far its most expensive column.
    pub(super) fn upsert(&self, condition: &str) -> String {
        let Self { table, key, columns, rows, .. } = self;
        format!(
            "with wanted as materialized ({rows} {condition}), updated as ({} returning 1), \
             inserted as (insert into {table} ({key}, {}) select w.{key}, {} from wanted as w \
             where not exists (select from {table} as t where t.{key} = w.{key}) order by w.{key} \
             on conflict ({key}) do nothing returning 1) \
             select * from updated union all select * from inserted",
            self.update_from("wanted"),
            columns.join(", "),
            list("w", columns),
        )
    }

    /// Updates the rows that differ.
    pub(super) fn update(&self) -> String {
        self.update_from(&format!("({})", self.rows))
    }

    /// The rows that are missing or differ, as `relation`, `reference_id`, `path`, `state` and `columns`.
    pub(super) fn differences(&self, condition: &str) -> String {
        let Self { table, key, columns, rows, .. } = self;
        let (id, path) = match *key {
            "reference_id" => ("w.reference_id", "w.file_path"),
            _ => ("null::uuid", "null::text"),
        };
        format!(
            "select '{table}' as relation, {id} as reference_id, {path} as path, \
             case when t.{key} is null then 'missing' else 'changed' end as state, \
             case when t.{key} is null then '{{}}' else {} end as columns \
             from ({rows} {condition}) as w left join {table} as t on t.{key} = w.{key} \
             where t.{key} is null or {}",
            changed_columns(columns.iter().map(|name| ((*name).to_owned(), *name))),
            self.differs()
        )
    }

    fn update_from(&self, wanted: &str) -> String {
        let Self { table, key, columns, on_change, .. } = self;
        let mut sets = String::new();
        for name in *columns {
            let _infallible = write!(sets, "{name} = w.{name}, ");
        }
        format!(
            "update {table} as t set {sets}{on_change} updated_at = now() from {wanted} as w \
             where t.{key} = w.{key} and {}",
            self.differs()
        )
    }

    fn differs(&self) -> String {
        format!("({}) is distinct from ({})", list("t", self.columns), list("w", self.columns))
    }
}

/// The names of the columns in which the rows `t` and `w` differ, from expressions without their row.
pub(super) fn changed_columns<'a>(columns: impl Iterator<Item = (String, &'a str)>) -> String {
    let names = columns.map(|(expression, name)| {
        format!("case when t.{expression} is distinct from w.{expression} then '{name}' end")
    });
    format!("array_remove(array[{}]::text[], null)", names.collect::<Vec<_>>().join(", "))
}

fn list(side: &str, columns: &[&str]) -> String {
    columns.iter().map(|name| format!("{side}.{name}")).collect::<Vec<_>>().join(", ")
}

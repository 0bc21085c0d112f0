//! Tables that a project had before Forebay: their audit, and an adopted one.

use std::collections::BTreeMap;

use forebay_engine::{
    adopt::Adopted,
    existing::{Audit, Audited, Need, Proposal},
};
use forebay_store::user_tables::{UserColumn, UserTable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{run::Run, source::ContractVersionCount};

/// The audit of a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExistingAudit {
    /// The schema.
    pub schema: String,
    /// Its tables and views, by name.
    pub tables: Vec<ExistingTable>,
    /// Relations that code around scrapers usually reads.
    pub needs: Vec<ExistingNeed>,
    /// The proposals as a part of `forebay.toml`; empty: there is nothing to adopt.
    pub toml: String,
}

/// A table or view with what to do with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExistingTable {
    /// Its name.
    pub table: String,
    /// Whether it is a view.
    pub is_view: bool,
    /// Its rows, estimated if it is large; null: the current role may not read it.
    pub num_rows: Option<u64>,
    /// Its columns in order.
    pub columns: Vec<ExistingColumn>,
    /// The columns of its key; empty: it has none.
    pub key_fields: Vec<String>,
    /// The tables that it refers to.
    pub references: Vec<String>,
    /// Whether row-level security is on.
    pub has_row_security: bool,
    /// The proposed source; null: leave it alone.
    pub source: Option<String>,
    /// The proposed entity type; null: leave it alone.
    pub entity_type: Option<String>,
    /// Why to leave it alone; null: adopt it.
    pub leave_because: Option<String>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExistingColumn {
    /// Its name.
    pub column: String,
    /// Its type in SQL.
    pub sql_type: String,
    /// Whether it accepts null.
    pub is_nullable: bool,
    /// What its values look like, with their number, in the first 10,000 rows.
    pub shapes: BTreeMap<String, u64>,
    /// Whether they have several shapes.
    pub is_mixed: bool,
}

/// A relation that code around scrapers usually reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExistingNeed {
    /// Its name.
    pub relation: String,
    /// `works`: it has the columns, and rows. `empty`: nothing writes it. `incomplete`: columns are missing. `missing`,
    /// `unreadable`.
    #[schemars(schema_with = "crate::words::need_state")]
    pub state: String,
    /// Its missing columns.
    pub missing_columns: Vec<String>,
    /// The profile that creates it: see `forebay db profile create`.
    pub profile: String,
}

/// An adopted table.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Adoption {
    /// The table or view.
    pub table: String,
    /// The columns that make up the key.
    pub key_fields: Vec<String>,
    /// Rows without a value in one of them; they are rejected.
    pub num_null_keys: u64,
    /// Keys that several rows have.
    pub num_repeated_keys: u64,
    /// Rows with such a key, without the one that was taken.
    pub num_surplus_rows: u64,
    /// Columns whose values have several shapes.
    pub mixed: Vec<ExistingColumn>,
    /// The active references of the source by contract version.
    pub contract_versions: Vec<ContractVersionCount>,
    /// The run.
    pub run: Run,
}

impl Adoption {
    /// An adopted table with its run as stored.
    pub fn new(adopted: Adopted, run: Run) -> Self {
        let Adopted { table, key_fields, key_faults, versions, .. } = adopted;
        Self {
            table: format!("{}.{}", table.schema, table.name),
            key_fields,
            num_null_keys: key_faults.num_null.unsigned_abs(),
            num_repeated_keys: key_faults.num_repeated.unsigned_abs(),
            num_surplus_rows: key_faults.num_surplus.unsigned_abs(),
            mixed: table
                .columns
                .into_iter()
                .map(ExistingColumn::from)
                .filter(|column| column.is_mixed)
                .collect(),
            contract_versions: versions.into_iter().map(ContractVersionCount::from).collect(),
            run,
        }
    }
}

impl From<Audit> for ExistingAudit {
    fn from(audit: Audit) -> Self {
        Self {
            schema: audit.schema,
            tables: audit.tables.into_iter().map(ExistingTable::from).collect(),
            needs: audit.needs.into_iter().map(ExistingNeed::from).collect(),
            toml: audit.toml,
        }
    }
}

impl From<Audited> for ExistingTable {
    fn from(audited: Audited) -> Self {
        let (source, entity_type, leave_because) = match audited.proposal {
            Proposal::Adopt(mapping) => (Some(mapping.source), Some(mapping.entity_type), None),
            Proposal::Leave(reason) => (None, None, Some(reason.to_owned())),
        };
        let UserTable { name, is_view, num_rows, columns, key, references, has_rls, .. } = audited.table;
        Self {
            table: name,
            is_view,
            num_rows: num_rows.map(i64::unsigned_abs),
            columns: columns.into_iter().map(ExistingColumn::from).collect(),
            key_fields: key,
            references: references.into_iter().map(|(_, target)| target).collect(),
            has_row_security: has_rls,
            source,
            entity_type,
            leave_because,
        }
    }
}

impl From<UserColumn> for ExistingColumn {
    fn from(column: UserColumn) -> Self {
        let is_mixed = column.mixed().is_some();
        let shapes = column.shapes.into_iter().map(|(shape, number)| (shape, number.unsigned_abs()));
        Self {
            column: column.name,
            sql_type: column.sql_type,
            is_nullable: column.is_nullable,
            shapes: shapes.collect(),
            is_mixed,
        }
    }
}

impl From<Need> for ExistingNeed {
    fn from(need: Need) -> Self {
        Self {
            relation: need.name.to_owned(),
            state: need.state.to_string(),
            missing_columns: need.missing_columns.into_iter().map(str::to_owned).collect(),
            profile: need.profile.to_owned(),
        }
    }
}

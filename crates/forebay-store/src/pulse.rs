//! Which tables were written since one last looked, from the server's statistics.
//!
//! It costs the same however much is stored, and needs no trigger. The server adds what a session did to its statistics
//! within a second, or when the session has been idle for ten.

use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, row::ReadRow};

/// The number of rows written so far in each of these tables of the schema.
pub async fn num_written(client: &impl GenericClient, tables: &[&str]) -> Result<Vec<(String, i64)>> {
    let statement = "select relname::text as table_name, n_tup_ins + n_tup_upd + n_tup_del as num_written \
         from pg_stat_user_tables where schemaname = 'forebay' and relname = any ($1)";
    let rows = client.query_typed(statement, &[(&tables, Type::TEXT_ARRAY)]).await?;
    rows.iter().map(|row| Ok((row.read("table_name")?, row.read("num_written")?))).collect()
}

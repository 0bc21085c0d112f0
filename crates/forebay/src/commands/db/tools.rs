//! How the client programs of Postgres connect.

use forebay_store::{
    connect::{Client, Database},
    doctor,
    tools::{Contents, Libpq},
};

use crate::{context::Context, failure::Failure};

/// How to connect, and the server's major version.
pub(super) async fn connection(context: &Context, database: &Database) -> Result<(Libpq, u32), Failure> {
    let client: Client = database.client().await?;
    let server = doctor::server(&**client).await?;
    Ok((Libpq::of(database, &context.target()?)?, u32::try_from(server.major).unwrap_or_default()))
}

/// What a backup of a database contains.
pub(super) fn contents(database: &Database) -> Contents {
    if database.is_embedded() { Contents::Everything } else { Contents::OwnSchemas }
}

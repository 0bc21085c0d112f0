//! Entries of the ledger in every state: fresh, stale, failing, in progress and never synced.

use std::time::Duration;

use forebay_store::{
    connect::Client,
    freshness::{self as ledger, Begun, Synced},
};
use jiff::SignedDuration;

use super::dataset::{BOOKS, COURSES, Dataset, EVENTS, MadeUp, PROFESSORS, ROOMS, scope};
use crate::error::Result;

/// How long the attempt in progress stays one.
const LEASE: Duration = Duration::from_hours(24);

pub(super) async fn make(dataset: &Dataset<'_>) -> Result<()> {
    let client = dataset.database.client().await?;
    let scope = scope();
    let day = SignedDuration::from_hours(24);
    let synced = [
        (COURSES, SignedDuration::from_mins(5)),
        (EVENTS, 3 * day),
        (ROOMS, 45 * day),
        (PROFESSORS, 30 * day),
    ];
    for (MadeUp { name, entity_type }, age) in synced {
        let synced = Synced { source_name: Some(name), ..Synced::default() };
        ledger::catch_up(&**client, entity_type, &scope, dataset.ago(age), &synced).await?;
    }
    for _ in 0..3 {
        let error = ("http_server_error", "https://people.example.com answered 503");
        fail(&client, PROFESSORS, error).await?;
    }
    fail(&client, BOOKS, ("timeout", "https://library.example.com did not answer within 30 s")).await?;
    begin(&client, EVENTS).await?;
    Ok(())
}

/// Begins an attempt and ends it with an error.
async fn fail(client: &Client, of: MadeUp, (code, message): (&str, &str)) -> Result<()> {
    if let Begun::Acquired { holder, .. } = begin(client, of).await? {
        ledger::fail(&***client, of.entity_type, &scope(), holder, code, message, None).await?;
    }
    Ok(())
}

async fn begin(client: &Client, of: MadeUp) -> Result<Begun> {
    let entry = ledger::find(&***client, of.entity_type, &scope()).await?;
    let attempt = entry.map_or(0, |entry| entry.attempt);
    Ok(ledger::begin(&***client, of.entity_type, &scope(), attempt, LEASE).await?)
}

//! The peer pgmq: messages in a table that are read under a timeout and deleted.
//!
//! It is installed from its SQL file, without an extension. The loop is the one in its readme: `read` a batch, `delete`
//! it.

use std::{fs, path::Path, time::Instant};

use forebay_domain::identity::VersionHash;
use forebay_store::connect::Database;
use tokio::task::JoinSet;

use super::{
    database,
    subject::{Handoff, Sample, TAKEN_AT_ONCE, count},
};
use crate::{
    failure::Failure,
    scratch::{expect, settle},
};

/// The peer that was found.
#[derive(Debug)]
pub(super) struct Pgmq {
    install: String,
    /// The start of the file's SHA-256, because the file does not contain a version.
    pub(super) version: String,
}

impl Pgmq {
    /// Reads its SQL file.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let install = fs::read_to_string(file).map_err(|error| {
            Failure::peer_not_found(format!("{} cannot be read: {error}", file.display()))
                .hint("name the pgmq.sql of pgmq's sources, or leave out --pgmq-sql")
        })?;
        let hash = VersionHash::of(install.as_bytes()).to_string();
        let version = format!("sha256:{}", hash.get(..12).unwrap_or(&hash));
        Ok(Self { install, version })
    }

    /// Enqueues everything, then drains it.
    pub(super) async fn sample(
        &self,
        scratch: &Database,
        batches: &[Vec<Handoff>],
        workers: u16,
    ) -> Result<Sample, Failure> {
        let client = scratch.client().await?;
        database::create_pgmq(&**client, &self.install).await?;
        settle(&**client).await?;
        let started = Instant::now();
        for batch in batches {
            database::send_pgmq(&**client, batch).await?;
        }
        let enqueue = started.elapsed();
        database::analyze(&**client).await?;

        let mut connections = Vec::new();
        for _ in 0..workers {
            connections.push(scratch.dedicated().await?);
        }
        let most = i32::try_from(TAKEN_AT_ONCE).unwrap_or(i32::MAX);
        let started = Instant::now();
        let mut working = JoinSet::new();
        for connection in connections {
            working.spawn(async move {
                let mut num_done = 0;
                loop {
                    match database::read_and_delete_pgmq(&connection.client, most).await? {
                        0 => return Ok::<u64, Failure>(num_done),
                        num_deleted => num_done += num_deleted,
                    }
                }
            });
        }
        let mut num_done = 0;
        for result in working.join_all().await {
            num_done += result?;
        }
        let drain = started.elapsed();
        expect("the number of messages that pgmq's workers deleted", num_done, count(batches))?;
        expect("what is left in pgmq's queue", database::count_pgmq(&**client).await?, 0)?;
        Ok(Sample { enqueue, drain })
    }
}

//! The peer pgmq: messages in a table, read under a timeout and deleted.
//!
//! It is installed from its own SQL file, which needs no extension. Its loop is the one that its readme shows: `read`
//! so many, work, `delete` them.

use std::{fs, path::Path, time::Instant};

use forebay_domain::identity::VersionHash;
use forebay_store::{
    bench::{self, handoff},
    connect::Database,
};
use tokio::task::JoinSet;

use super::{Handoff, Sample, TAKEN_AT_ONCE, count, expect};
use crate::failure::Failure;

/// The peer, as found.
#[derive(Debug)]
pub(super) struct Pgmq {
    install: String,
    /// The file does not tell its version, so this is the beginning of its SHA-256.
    pub(super) version: String,
}

impl Pgmq {
    /// Reads the file that it is installed from.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let install = fs::read_to_string(file).map_err(|error| {
            Failure::usage("peer_not_found", format!("{} cannot be read", file.display()))
                .because(&error)
                .hint("give the pgmq.sql of pgmq's sources, or leave out --pgmq-sql")
        })?;
        let hash = VersionHash::of(install.as_bytes()).to_string();
        let version = format!("sha256:{}", hash.get(..12).unwrap_or(&hash));
        Ok(Self { install, version })
    }

    /// Enqueues everything, then drains it.
    pub(super) async fn sample(
        &self,
        database: &Database,
        batches: &[Vec<Handoff>],
        workers: u16,
    ) -> Result<Sample, Failure> {
        let client = database.client().await?;
        handoff::create_pgmq(&**client, &self.install).await?;
        bench::settle(&**client).await?;
        let started = Instant::now();
        for batch in batches {
            handoff::send_pgmq(&**client, batch).await?;
        }
        let enqueue = started.elapsed();
        handoff::analyze(&**client).await?;

        let mut connections = Vec::new();
        for _ in 0..workers {
            connections.push(database.dedicated().await?);
        }
        let most = i32::try_from(TAKEN_AT_ONCE).unwrap_or(i32::MAX);
        let started = Instant::now();
        let mut working = JoinSet::new();
        for connection in connections {
            working.spawn(async move {
                let mut num_done = 0;
                loop {
                    match handoff::read_and_delete_pgmq(&connection.client, most).await? {
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
        expect("what is left in pgmq's queue", handoff::count_pgmq(&**client).await?, 0)?;
        Ok(Sample { enqueue, drain })
    }
}

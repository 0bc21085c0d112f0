//! Callers in a process of their own: the same program once more, which waits until it is told and then asks, as often
//! as it has callers, all at the same time.

use std::{process::Stdio, sync::Arc, time::Duration};

use forebay_engine::ensure::{AnsweredFrom, EnsureOptions, Ensured};
use forebay_store::bench::SCRATCH;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    task::JoinSet,
};

use super::{gate, wanted};
use crate::{
    commands::bench::scrape::site::{again, heard, say},
    context::Context,
    failure::{Exit, Failure},
};

/// Ask for the data of the benchmark that began this process
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(long)]
    callers: u64,
    /// What this process calls itself at the site
    #[arg(long)]
    number: u64,
    #[arg(long)]
    url: String,
    /// In milliseconds
    #[arg(long)]
    lease: u64,
}

#[derive(Serialize, Deserialize)]
struct Ready {}

/// What callers got.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Answers {
    /// Fresh data.
    pub(super) num_fresh: u64,
    /// The number of records of the sync that made it so.
    pub(super) num_told: u64,
    /// Their process scraped.
    pub(super) num_by_scrape: u64,
    /// Another one did, and the ledger told.
    pub(super) num_by_ledger: u64,
    /// They came when it was over.
    pub(super) num_by_memory: u64,
}

impl Answers {
    pub(super) fn add(&mut self, other: &Self) {
        self.num_fresh += other.num_fresh;
        self.num_told += other.num_told;
        self.num_by_scrape += other.num_by_scrape;
        self.num_by_ledger += other.num_by_ledger;
        self.num_by_memory += other.num_by_memory;
    }

    fn count(&mut self, answer: &Ensured) {
        self.num_fresh += u64::from(answer.success && answer.is_fresh);
        self.num_told += u64::from(answer.num_records.is_some());
        self.num_by_scrape += u64::from(answer.source == AnsweredFrom::Scrape);
        self.num_by_ledger += u64::from(answer.source == AnsweredFrom::Ledger);
        self.num_by_memory += u64::from(answer.source == AnsweredFrom::Memory);
    }
}

/// Runs the hidden command.
pub(in crate::commands::bench) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let database = context.bare_database().await?;
    let scratch = Arc::new(database.sibling(SCRATCH).await?);
    let gate = gate(&scratch, &args.url, &args.number.to_string(), Duration::from_millis(args.lease))?;
    say(&Ready {}).map_err(|error| Failure::output(&error))?;
    let mut told = String::new();
    let mut input = BufReader::new(tokio::io::stdin());
    input.read_line(&mut told).await.map_err(|error| Failure::output(&error))?;

    let mut callers = JoinSet::new();
    for _ in 0..args.callers {
        let gate = gate.clone();
        callers.spawn(async move { gate.ensure(&wanted(), EnsureOptions::default()).await });
    }
    let mut answers = Answers::default();
    while let Some(answer) = callers.join_next().await {
        answers.count(&*answer.map_err(|error| Failure::from_error("bench_failed", &error))?);
    }
    say(&answers).map_err(|error| Failure::output(&error))?;
    drop(gate);
    database.close().await?;
    Ok(Exit::Done)
}

/// Such a process as whoever started it sees it. It ends with this.
pub(super) struct Callers {
    number: u64,
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Callers {
    /// Starts it, and waits until it could ask.
    pub(super) async fn start(
        context: &Context,
        number: u64,
        callers: u64,
        url: &str,
        lease: Duration,
    ) -> Result<Self, Failure> {
        let mut command = again("ask")?;
        command.args(["--callers", &callers.to_string(), "--number", &number.to_string(), "--url", url]);
        command.args(["--lease", &lease.as_millis().to_string()]);
        // The same database, said where a password does not show.
        match context.database_url() {
            Some(url) => command.env("FOREBAY_DATABASE_URL", url.reveal()),
            None => command.env("FOREBAY_DATA_DIR", context.data_dir()?),
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| Failure::output(&error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::new("bench_failed", "the callers cannot be talked to"));
        };
        let mut lines = BufReader::new(output).lines();
        heard::<Ready>(&mut lines).await?;
        Ok(Self { number: callers, child, input, lines })
    }

    /// Lets them ask.
    pub(super) async fn go(&mut self) -> Result<(), Failure> {
        self.input.write_all(b"go\n").await.map_err(|error| Failure::output(&error))
    }

    /// Kills all of them (SIGKILL), and tells how many they were.
    pub(super) async fn kill(mut self) -> Result<u64, Failure> {
        self.child.kill().await.map_err(|error| Failure::output(&error))?;
        Ok(self.number)
    }

    /// Waits until they have their answers.
    pub(super) async fn answers(mut self) -> Result<Answers, Failure> {
        let answers = heard(&mut self.lines).await?;
        // It has nothing more to say, and has to leave the database in order.
        self.child.wait().await.map_err(|error| Failure::output(&error))?;
        Ok(answers)
    }
}

//! Callers in a process of their own, which waits for a line on its standard input and then asks for all of them at the
//! same time.

use std::{process::Stdio, sync::Arc, time::Duration};

use forebay_engine::ensure::{AnsweredFrom, EnsureOptions, Ensured};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    task::JoinSet,
};

use super::gate::{gate, wanted};
use crate::{
    context::Context,
    failure::Failure,
    parts::{self, hear, say},
    scratch::SCRATCH,
};

/// Ask for the data of the benchmark that started this process
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(long)]
    callers: u64,
    /// How this process names itself to the site
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

/// The answers that callers got.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Answers {
    /// Fresh data.
    pub(super) num_fresh: u64,
    /// With the number of records of the last sync.
    pub(super) num_counted: u64,
    /// From a scrape of their own process.
    pub(super) num_by_scrape: u64,
    /// From the ledger, after another process had scraped.
    pub(super) num_by_ledger: u64,
    /// From memory, after the scrape.
    pub(super) num_by_memory: u64,
}

impl Answers {
    pub(super) fn add(&mut self, other: &Self) {
        self.num_fresh += other.num_fresh;
        self.num_counted += other.num_counted;
        self.num_by_scrape += other.num_by_scrape;
        self.num_by_ledger += other.num_by_ledger;
        self.num_by_memory += other.num_by_memory;
    }

    fn count(&mut self, answer: &Ensured) {
        self.num_fresh += u64::from(answer.success && answer.is_fresh);
        self.num_counted += u64::from(answer.num_records.is_some());
        self.num_by_scrape += u64::from(answer.answered_from == AnsweredFrom::Scrape);
        self.num_by_ledger += u64::from(answer.answered_from == AnsweredFrom::Ledger);
        self.num_by_memory += u64::from(answer.answered_from == AnsweredFrom::Memory);
    }
}

/// Runs this part.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let database = context.database().await?;
    let scratch = Arc::new(database.sibling(SCRATCH).await?);
    let gate = gate(&scratch, &args.url, &args.number.to_string(), Duration::from_millis(args.lease))?;
    say(&Ready {})?;
    let mut go = String::new();
    let mut input = BufReader::new(tokio::io::stdin());
    input.read_line(&mut go).await?;

    let mut callers = JoinSet::new();
    for _ in 0..args.callers {
        let gate = gate.clone();
        callers.spawn(async move { gate.ensure(&wanted(), EnsureOptions::default()).await });
    }
    let mut answers = Answers::default();
    while let Some(answer) = callers.join_next().await {
        answers.count(&*answer.map_err(|error| Failure::from_error("bench_failed", &error))?);
    }
    say(&answers)?;
    drop(gate);
    database.close().await?;
    Ok(())
}

/// The running process as its parent sees it. Dropping this ends it.
pub(super) struct Callers {
    number: u64,
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Callers {
    /// Starts it, and waits until it is ready to ask.
    pub(super) async fn start(
        context: &Context,
        number: u64,
        callers: u64,
        url: &str,
        lease: Duration,
    ) -> Result<Self, Failure> {
        let mut command = parts::command("callers")?;
        command.args(["--callers", &callers.to_string(), "--number", &number.to_string(), "--url", url]);
        command.args(["--lease", &lease.as_millis().to_string()]);
        context.pass_to(&mut command)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::bench("the callers have no input or output"));
        };
        let mut lines = BufReader::new(output).lines();
        hear::<Ready>(&mut lines).await?;
        Ok(Self { number: callers, child, input, lines })
    }

    /// Makes them ask.
    pub(super) async fn go(&mut self) -> Result<(), Failure> {
        Ok(self.input.write_all(b"go\n").await?)
    }

    /// Kills the process (SIGKILL), and returns its number of callers.
    pub(super) async fn kill(mut self) -> Result<u64, Failure> {
        self.child.kill().await?;
        Ok(self.number)
    }

    /// Waits for their answers.
    pub(super) async fn answers(mut self) -> Result<Answers, Failure> {
        let answers = hear(&mut self.lines).await?;
        // It closes its connections before it exits.
        self.child.wait().await?;
        Ok(answers)
    }
}

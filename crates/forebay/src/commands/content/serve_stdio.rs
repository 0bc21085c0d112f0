//! `forebay content serve-stdio`: the persister for programs in other languages, one call a line.
//!
//! A generator starts this once and keeps it, so a call costs a round trip and not a process. Only answers are written
//! to standard output. A mistake in a call is an error answer, and the process goes on; it ends with its input.

mod call;
mod session;

use std::io;

use forebay_domain::units::Size;
use forebay_engine::content::{Line, next_line};
use forebay_views::ContentAnswer;
use serde_json::Value;
use tokio::task;

use self::session::Session;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// Serve the persister to a generator, as JSON Lines on standard input and output
///
/// The Python package starts this command. Each line is a call such as
/// {"id": 1, "method": "open", "params": {"folder": "outputs/courses/rust-basics"}}, answered by one
/// line with the same id. docs/reference/content-calls.md lists the methods.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content serve-stdio
  forebay content serve-stdio --max-line 256MiB")]
pub(crate) struct Args {
    /// Maximum size of a call
    #[arg(long, value_name = "SIZE", default_value = "64MiB")]
    pub(crate) max_line: Size,
}

/// Runs the command until its input ends.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut session = Session::new(context);
    let served = serve(&mut session, context, args.max_line).await;
    let closed = session.end().await;
    served?;
    closed?;
    Ok(Exit::Done)
}

async fn serve(session: &mut Session<'_>, context: &Context, max_line: Size) -> Result<(), Failure> {
    let max_bytes = usize::try_from(max_line.get()).unwrap_or(usize::MAX);
    loop {
        let read = task::spawn_blocking(move || next_line(&mut io::stdin().lock(), max_bytes)).await;
        let read = read.map_err(|error| Failure::new("input_failed", "reading ended").because(&error))?;
        let failed = |error: io::Error| Failure::new("input_failed", "cannot read the input").because(&error);
        let line = match read.map_err(failed)? {
            Line::End => return Ok(()),
            Line::TooLong => {
                let message = format!("the line has more than {max_line}");
                let failure = Failure::usage("call_too_long", message)
                    .hint("split the call, or raise the limit with --max-line");
                context.ui.line(&error(Value::Null, &failure))?;
                continue;
            }
            Line::Text(line) => line,
        };
        // An empty line is no call.
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let (id, call) = call::parse(&line);
        let result = match call {
            Ok(call) => session.answer(call.method, call.params).await,
            Err(failure) => Err(failure),
        };
        match result {
            Ok(result) => context.ui.line(&ContentAnswer { id, result: Some(result), error: None })?,
            Err(failure) => context.ui.line(&error(id, &failure))?,
        }
    }
}

fn error(id: Value, failure: &Failure) -> ContentAnswer<()> {
    ContentAnswer { id, result: None, error: Some(failure.view()) }
}

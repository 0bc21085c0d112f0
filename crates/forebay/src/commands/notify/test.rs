//! `forebay notify test`: sends one made-up notification now.

use std::time::Instant;

use forebay_engine::notify::{Notifier, try_out};
use forebay_views::NotifierTest;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    names::nearest,
    ui::{self, Report, Tone, format},
};

/// Send a made-up notification to a receiver, and print its answer
///
/// Needs no database and stores nothing. Exits with 1 if the receiver does not accept it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay notify test ops
  forebay notify test ops --output json")]
pub(crate) struct Args {
    /// Receiver, as in [notify.NAME] of the configuration
    #[arg(value_name = "NAME", value_parser = values::name)]
    name: String,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let notifying = context.config()?.notifying();
    let found = notifying.notifiers.iter().find(|notifier| notifier.name == args.name);
    let notifier = found.ok_or_else(|| unknown(&args.name, &notifying.notifiers))?;
    let began = Instant::now();
    let tried = try_out(&notifying, notifier).await.map_err(|error| {
        Failure::usage("notifier_unready", error.to_string())
            .hint(format!("correct [notify.{}] in the configuration, or set what it names", notifier.name))
    })?;
    let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let test = NotifierTest::new(&notifier.name, notifier.kind().as_str(), tried, took);
    context.ui.show(&test)?;
    Ok(if test.is_delivered { Exit::Done } else { Exit::Failed })
}

fn unknown(name: &str, notifiers: &[Notifier]) -> Failure {
    let failure = Failure::usage("notifier_not_found", format!("the configuration has no notifier {name:?}"));
    let names = notifiers.iter().map(|notifier| notifier.name.as_str());
    match nearest(name, names.clone()) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None if notifiers.is_empty() => {
            failure.hint("declare one as [notify.NAME]; docs/guides/notifications.md has examples")
        }
        None => failure.hint(format!("its notifiers are {}", names.collect::<Vec<_>>().join(", "))),
    }
}

impl Report for NotifierTest {
    fn write(&self, page: &mut ui::Page) {
        let Self { notifier, kind, answer, .. } = self;
        let took = format::duration(std::time::Duration::from_millis(self.duration_ms));
        if let (Some(code), Some(message)) = (&self.failure_code, &self.message) {
            page.toned(Tone::Bad, &format!("{notifier} ({kind}) did not accept it: {code}, after {took}"));
            page.line(&format!("  {}", format::plain(message)));
            return;
        }
        page.toned(Tone::Good, &format!("{notifier} ({kind}) accepted a notification in {took}"));
        if !answer.is_empty() {
            page.line(&format!("  answer: {}", format::plain(answer)));
        }
    }
}

//! `forebay completions`: completion scripts for shells, generated from the command tree.

use clap_complete::Shell;
use forebay_views::CompletionScript;

use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report},
};

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay completions bash > ~/.local/share/bash-completion/completions/forebay
  forebay completions zsh > ~/.zfunc/_forebay
  forebay completions fish > ~/.config/fish/completions/forebay.fish")]
pub(crate) struct Args {
    /// Shell to generate the script for
    #[arg(value_enum)]
    shell: Shell,
}

impl Report for CompletionScript {
    fn write(&self, page: &mut Page) {
        page.line(self.script.trim_end());
    }
}

/// Generates the whole script before printing it, because the generator panics on a closed pipe.
pub(crate) fn run(args: &Args, tree: &mut clap::Command, context: &Context) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, tree, "forebay", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    context.ui.show(&CompletionScript { shell: args.shell.to_string(), script })?;
    Ok(Exit::Done)
}

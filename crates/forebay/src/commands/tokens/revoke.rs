//! `forebay tokens revoke`: revokes a token.

use forebay_engine::tokens;
use forebay_views::ApiToken;

use crate::{
    cli::{values, why::Why},
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, format},
};

/// Revoke a token: it is refused from now on
///
/// Its row stays, with who revoked it. Its name is free for a new token.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay tokens revoke grafana --reason 'it was in a log'
  forebay tokens revoke 7")]
pub(crate) struct Args {
    /// Its name, or its number
    #[arg(value_name = "NAME|ID", value_parser = values::name)]
    token: String,

    #[command(flatten)]
    why: Why,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context
        .report(async |database| {
            let row = tokens::revoke(database, &args.token, &args.why.actor()).await?;
            Ok(ApiToken::from(row))
        })
        .await
}

impl Report for ApiToken {
    fn write(&self, page: &mut Page) {
        page.line(&format!("revoked the token {} ({})", format::plain(&self.name), self.role));
    }
}

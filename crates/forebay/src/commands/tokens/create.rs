//! `forebay tokens create`: creates a token and prints it once.

use forebay_domain::access::Role;
use forebay_engine::tokens::{self, TokenRequest};
use forebay_views::ApiTokenCreated;
use jiff::Timestamp;

use super::list::{expiry, sources};
use crate::{
    cli::{moment::future, values, why::Why},
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::{Page, Report, format},
};

/// Create a token for the API, and print it once
///
/// Only its hash is stored, so keep the token where its user reads it, such as a secret of the deployment. Roles:
/// `viewer` reads everything; `ingest` persists records of its sources and reads its runs; `operator` reads, scrapes
/// and decides about runs, hand-offs, breakers and pipelines; `admin` may do everything, also create tokens and delete.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay tokens create --role viewer --name grafana --expires 90d
  forebay tokens create --role ingest --source courses --source events")]
pub(crate) struct Args {
    /// What its holder may do
    #[arg(long, value_name = "ROLE", value_parser = values::word::<Role>())]
    role: Role,

    /// Its name, to find and revoke it [default: the role and a number]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    name: Option<String>,

    /// A source that it is good for, and no other; repeatable, required for `ingest` [default: all sources]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    source: Vec<String>,

    /// When it expires: a time, or a span (`90d`) [default: never]
    #[arg(long, value_name = "T", value_parser = future)]
    expires: Option<Timestamp>,

    #[command(flatten)]
    why: Why,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let request = TokenRequest {
        name: args.name.clone(),
        role: args.role,
        sources: (!args.source.is_empty()).then(|| args.source.clone()),
        expires_at: args.expires,
    };
    context
        .report(async |database| {
            for source in &args.source {
                names::source(&database.client().await?, source).await?;
            }
            let created = tokens::create(database, &request, &args.why.actor()).await?;
            Ok(ApiTokenCreated::from(created))
        })
        .await
}

impl Report for ApiTokenCreated {
    fn write(&self, page: &mut Page) {
        let token = &self.token;
        page.line(&self.secret);
        page.line(&format!(
            "the token {} ({}, {}, expires {}); it is not shown again",
            format::plain(&token.name),
            token.role,
            sources(token),
            expiry(token),
        ));
    }
}

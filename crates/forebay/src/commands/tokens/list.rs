//! `forebay tokens list`: lists the tokens.

use forebay_engine::clock;
use forebay_store::tokens;
use forebay_views::{ApiToken, Page};

use crate::{
    context::Context,
    failure::{Exit, Failure},
    ui::{self, Report, Table, Tone, format, table::Column},
};

/// List the tokens of the API with their last use, revoked ones last
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay tokens list")]
pub(crate) struct Args {}

/// Runs the command.
pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    context
        .report(async |database| {
            let rows = tokens::list(&**database.client().await?).await?;
            Ok(Page::from(rows.into_iter().map(ApiToken::from).collect::<Vec<_>>()))
        })
        .await
}

impl Report for Page<ApiToken> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::number("id"),
            Column::text("name"),
            Column::code("role"),
            Column::text("sources"),
            Column::text("expires"),
            Column::text("last used, UTC"),
            Column::text("from").minor(),
            Column::text("created by").minor(),
        ]);
        for token in &self.items {
            let has_ended = token.revoked_at.is_some()
                || token.expires_at.as_ref().is_some_and(|at| at.get() <= clock::now());
            let tone = if has_ended { Tone::Faint } else { Tone::Good };
            table.toned_row(
                tone,
                [
                    token.token_id.to_string(),
                    format::plain(&token.name),
                    token.role.clone(),
                    sources(token),
                    expiry(token),
                    token.last_used_at.as_ref().map_or_else(format::none, |at| format::minute(at.get())),
                    token.last_used_from.as_deref().map_or_else(format::none, format::plain),
                    format::plain(&token.created_by),
                ],
            );
        }
        page.table(&table, "no tokens");
    }
}

/// `all sources`, or their names.
pub(super) fn sources(token: &ApiToken) -> String {
    token.sources.as_ref().map_or_else(|| "all sources".to_owned(), |names| format::plain(&names.join(", ")))
}

/// `never`, `revoked …`, or a time.
pub(super) fn expiry(token: &ApiToken) -> String {
    match (&token.revoked_at, &token.expires_at) {
        (Some(at), _) => format!("revoked {}", format::minute(at.get())),
        (None, Some(at)) => format::minute(at.get()),
        (None, None) => "never".to_owned(),
    }
}

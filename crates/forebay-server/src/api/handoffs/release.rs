//! `POST /v1/handoffs/release`

use forebay_store::handoffs::Operation;

use super::{
    bulk::{Bulk, Plain, Wanted},
    operate::Filter,
};

/// Release held hand-offs.
pub(crate) struct Release;

impl Bulk for Release {
    const PATH: &'static str = "/v1/handoffs/release";
    const NAME: &'static str = "release_handoffs";
    const SUMMARY: &'static str = "Release held hand-offs";
    type Body = Plain;

    fn filter(body: &Plain) -> &Filter {
        &body.filter
    }

    fn wanted(body: Plain) -> Wanted {
        let Plain { filter, dry_run, reason } = body;
        Wanted { operation: Operation::Release, filter, dry_run, reason }
    }
}

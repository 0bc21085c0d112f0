//! `POST /v1/handoffs/hold`

use forebay_store::handoffs::Operation;

use super::{
    bulk::{Bulk, Plain, Wanted},
    operate::Filter,
};

/// Hold waiting hand-offs until they are released.
pub(crate) struct Hold;

impl Bulk for Hold {
    const PATH: &'static str = "/v1/handoffs/hold";
    const NAME: &'static str = "hold_handoffs";
    const SUMMARY: &'static str = "Hold waiting hand-offs until they are released";
    type Body = Plain;

    fn filter(body: &Plain) -> &Filter {
        &body.filter
    }

    fn wanted(body: Plain) -> Wanted {
        let Plain { filter, dry_run, reason } = body;
        Wanted { operation: Operation::Hold, filter, dry_run, reason }
    }
}

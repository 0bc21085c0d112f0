//! Runs.

mod decide;
mod diff;
mod list;
mod logs;
mod reject;
mod rejected;
mod rekey;
mod release;
mod revert;
mod show;

use self::decide::Decide;
use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .add::<diff::Diff>()
        .add::<list::List>()
        .add::<logs::Logs>()
        .add::<Decide<reject::Reject>>()
        .add::<rejected::Rejected>()
        .add::<Decide<rekey::Rekey>>()
        .add::<Decide<release::Release>>()
        .add::<Decide<revert::Revert>>()
        .add::<show::Show>()
}

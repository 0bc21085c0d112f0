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

use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .add::<diff::Diff>()
        .add::<list::List>()
        .add::<logs::Logs>()
        .add::<reject::Reject>()
        .add::<rejected::Rejected>()
        .add::<rekey::Rekey>()
        .add::<release::Release>()
        .add::<revert::Revert>()
        .add::<show::Show>()
}

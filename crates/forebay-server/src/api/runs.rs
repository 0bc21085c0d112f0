//! Runs.

mod diff;
mod list;
mod logs;
mod rejected;
mod show;

use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .add::<diff::Diff>()
        .add::<list::List>()
        .add::<logs::Logs>()
        .add::<rejected::Rejected>()
        .add::<show::Show>()
}

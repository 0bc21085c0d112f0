//! Hand-offs.

mod bulk;
mod cancel;
mod counts;
mod hold;
mod list;
mod operate;
mod release;
mod retry;
mod snooze;

use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .add::<cancel::Cancel>()
        .add::<counts::Counts>()
        .add::<hold::Hold>()
        .add::<list::List>()
        .add::<release::Release>()
        .add::<retry::Retry>()
        .add::<snooze::Snooze>()
}

//! References.

mod at;
mod handoffs;
mod list;
mod show;
mod versions;

use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .add::<at::At>()
        .add::<handoffs::Handoffs>()
        .add::<list::List>()
        .add::<show::Show>()
        .add::<versions::Versions>()
}

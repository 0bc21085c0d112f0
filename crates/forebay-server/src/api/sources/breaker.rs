//! The breaker of a source.

mod close;
mod command;
mod disable;
mod open;
mod reset;
mod show;

use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .add::<close::Close>()
        .add::<disable::Disable>()
        .add::<open::Open>()
        .add::<reset::Reset>()
        .add::<show::Show>()
}

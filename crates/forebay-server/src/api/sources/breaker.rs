//! The breaker of a source.

mod close;
mod command;
mod disable;
mod open;
mod reset;
mod show;

use self::command::Control;
use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .add::<Control<close::Close>>()
        .add::<Control<disable::Disable>>()
        .add::<Control<open::Open>>()
        .add::<Control<reset::Reset>>()
        .add::<show::Show>()
}

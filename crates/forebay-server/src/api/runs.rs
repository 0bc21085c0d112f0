//! Runs.

mod list;
mod show;

use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.add::<list::List>().add::<show::Show>()
}

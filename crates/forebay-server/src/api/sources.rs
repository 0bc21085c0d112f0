//! Sources.

mod breaker;
mod list;
mod show;

use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.add::<breaker::Show>().add::<list::List>().add::<show::Show>()
}

//! Hand-offs.

mod counts;
mod list;

use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.add::<counts::Counts>().add::<list::List>()
}

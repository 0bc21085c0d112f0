//! The stream of changes.

mod follow;
mod list;

use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.add::<list::List>().add_raw::<follow::Follow>()
}

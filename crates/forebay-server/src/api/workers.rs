//! Workers.

mod list;
mod release;

use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.add::<list::List>().add::<release::Release>()
}

//! Sources.

mod breaker;
mod list;
mod scrape;
mod show;
mod test;

use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    let routes = routes.add::<list::List>().add::<scrape::Scrape>().add::<show::Show>().add::<test::Test>();
    breaker::add_to(routes)
}

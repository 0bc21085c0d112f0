//! The endpoints under `/v1`, one file each.

mod runs;

use crate::routes::Routes;

/// Adds every endpoint.
pub(crate) fn add_to(routes: Routes) -> Routes {
    runs::add_to(routes)
}

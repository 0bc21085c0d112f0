//! Hand-offs.

mod bulk;
mod cancel;
mod counts;
mod hold;
mod list;
mod operate;
mod release;
mod retry;
mod snooze;

use self::bulk::Operate;
use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .add::<Operate<cancel::Cancel>>()
        .add::<counts::Counts>()
        .add::<Operate<hold::Hold>>()
        .add::<list::List>()
        .add::<Operate<release::Release>>()
        .add::<Operate<retry::Retry>>()
        .add::<Operate<snooze::Snooze>>()
}

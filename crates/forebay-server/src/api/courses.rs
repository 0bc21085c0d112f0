//! Courses.

mod lesson;
mod list;
mod show;

use crate::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.add::<lesson::Lesson>().add::<list::List>().add::<show::Show>()
}

//! Reads a course back.

use std::sync::Arc;

use forebay_domain::content::PersistMode;
use forebay_store::content::{self, CourseDetails};

use super::{
    super::verify::{Verification, verify},
    outcome::Fetched,
    writer::CoursePersister,
};
use crate::error::Result;

impl CoursePersister {
    /// The course as the database has it, with all its relations. Without `with_content`, lessons have no text. `None`:
    /// the database does not have the course.
    pub async fn get_course(&mut self, with_content: bool) -> Fetched<Option<Box<CourseDetails>>> {
        self.fetched(async |persister: &mut Self| {
            let database = persister.connect().await?;
            let mut client = database.client().await?;
            let (project, slug) = (&persister.settings.project, persister.settings.slug.as_str());
            Ok(content::details(&mut client, project, slug, with_content).await?.map(Box::new))
        })
        .await
    }

    /// Compares the folder with the database. A course that was never stored is a failure, `course_unknown`.
    pub async fn verify(&mut self) -> Fetched<Verification> {
        self.fetched(async |persister: &mut Self| {
            let database = persister.connect().await?;
            verify(&database, &persister.settings, Arc::clone(&persister.folder)).await
        })
        .await
    }

    async fn fetched<T>(&mut self, read: impl AsyncFn(&mut Self) -> Result<T>) -> Fetched<T> {
        if self.mode == PersistMode::Off {
            return Fetched::Off;
        }
        match self.retried(read).await {
            Ok(read) => Fetched::Done(read),
            Err(error) => Fetched::Failed { code: error.code(), message: error.to_string() },
        }
    }
}

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
        if self.mode == PersistMode::Off {
            return Fetched::Off;
        }
        let mut has_failed = false;
        loop {
            match self.read_course(with_content).await {
                Ok(course) => return Fetched::Done(course),
                Err(error) if self.tries_again(&error, &mut has_failed).await => {}
                Err(error) => return Fetched::failed(&error),
            }
        }
    }

    /// Compares the folder with the database. A course that was never stored is a failure, `course_unknown`.
    pub async fn verify(&mut self) -> Fetched<Verification> {
        if self.mode == PersistMode::Off {
            return Fetched::Off;
        }
        let mut has_failed = false;
        loop {
            match self.compare().await {
                Ok(verification) => return Fetched::Done(verification),
                Err(error) if self.tries_again(&error, &mut has_failed).await => {}
                Err(error) => return Fetched::failed(&error),
            }
        }
    }

    async fn read_course(&mut self, with_content: bool) -> Result<Option<Box<CourseDetails>>> {
        let database = self.connect().await?;
        let mut client = database.client().await?;
        let (project, slug) = (&self.settings.project, self.settings.slug.as_str());
        Ok(content::details(&mut client, project, slug, with_content).await?.map(Box::new))
    }

    async fn compare(&mut self) -> Result<Verification> {
        let database = self.connect().await?;
        verify(&database, &self.settings, Arc::clone(&self.folder)).await
    }
}

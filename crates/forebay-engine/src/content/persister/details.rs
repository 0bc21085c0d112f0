//! Reads a course back.

use forebay_domain::content::PersistMode;
use forebay_store::content;

use super::{outcome::Fetched, writer::CoursePersister};

impl CoursePersister {
    /// The course as the database has it, with all its relations. Without `with_content`, lessons have no text.
    pub async fn get_course(&mut self, with_content: bool) -> Fetched {
        if self.mode == PersistMode::Off {
            return Fetched::Off;
        }
        let fetched = self.retried(async |persister: &mut Self| {
            let database = persister.connect().await?;
            let mut client = database.client().await?;
            let (project, slug) = (&persister.settings.project, persister.settings.slug.as_str());
            Ok(content::details(&mut client, project, slug, with_content).await?)
        });
        match fetched.await {
            Ok(details) => Fetched::Done(details.map(Box::new)),
            Err(error) => Fetched::Failed { code: error.code(), message: error.to_string() },
        }
    }
}

//! A statement that hangs because another session holds a lock.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use forebay_domain::content::PersistMode;
use forebay_engine::content::{CourseFolder, CoursePersister, Persisted};
use forebay_store::connect::{Limits, OpenOptions};

use super::{super::settings, Stage, course, is_done, lesson};

impl Stage {
    async fn opened_with(&self, limits: Limits) -> CoursePersister {
        let folder = Arc::new(CourseFolder::open(self.path()).unwrap());
        let options = OpenOptions { limits: Some(limits), ..OpenOptions::default() };
        CoursePersister::open_with(settings(), folder, PersistMode::On, self.test.direct_target(), options)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_lock_that_another_session_holds_fails_no_call() {
    let stage = Stage::empty().await;
    let impatient = Limits { lock_timeout: Duration::from_millis(300), ..Limits::default() };
    let mut persister = stage.opened_with(impatient).await;
    assert!(is_done(&persister.persist_course(course(1, 1)).await.unwrap()));
    persister.close().await.unwrap();

    for (number, table) in [(2, "course_lessons"), (3, "\"references\""), (4, "content_pieces")] {
        let mut persister = stage.opened_with(impatient).await;
        let mut other = stage.test.client().await;
        let transaction = other.transaction().await.unwrap();
        let lock = format!("lock table forebay.{table} in access exclusive mode");
        transaction.batch_execute(&lock).await.unwrap();
        let started = Instant::now();
        let written = persister.persist_lesson(lesson(1, number)).await.unwrap();
        let Persisted::Failed { code, message } = &written.persisted else { panic!("{table}: {written:?}") };
        assert_eq!(*code, "database_timeout", "{table}: {message}");
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        let counts = persister.counts();
        assert_eq!((counts.num_retries, counts.num_failed), (1, 1), "{table}");
        assert_eq!(written.num_written, 1);
        transaction.rollback().await.unwrap();
        // It catches up.
        let closed = persister.close().await.unwrap();
        assert_eq!((closed.counts.num_failed, closed.unstored), (1, Vec::new()), "{table}");
        assert!(stage.verify().await.is_clean(), "{table}");
    }
}

#[tokio::test]
async fn a_statement_that_takes_too_long_fails_no_call() {
    let stage = Stage::empty().await;
    let limits = Limits { statement_timeout: Duration::from_millis(500), ..Limits::default() };
    let mut persister = stage.opened_with(limits).await;
    assert!(is_done(&persister.persist_course(course(1, 1)).await.unwrap()));
    let slow = "create function public.slow() returns trigger language plpgsql as \
        $$ begin perform pg_sleep(60); return new; end $$;
        create trigger slow before insert on forebay.course_lessons
        for each row execute function public.slow()";
    stage.execute(slow).await;
    let written = persister.persist_lesson(lesson(1, 2)).await.unwrap();
    let Persisted::Failed { code, .. } = &written.persisted else { panic!("{written:?}") };
    assert_eq!(*code, "database_timeout");
    assert_eq!(written.num_written, 1);
}

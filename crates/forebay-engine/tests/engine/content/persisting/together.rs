//! What is measured about a lesson is stored in the transaction that stores its file.

use forebay_domain::content::PersistMode;
use forebay_engine::content::{LessonInput, Persisted};
use forebay_store::content::LessonMeasures;

use super::{Stage, course, is_done, lesson};

/// Remembers in which transactions files and lessons were written.
const WATCHED: &str = "
create table public.writes (relation text, xid bigint);
create function public.remember() returns trigger language plpgsql as $$
begin insert into public.writes values (tg_relid::regclass, txid_current()); return null; end $$;
create trigger remember after insert or update on forebay.\"references\"
    for each row execute function public.remember();
create trigger remember after insert or update on forebay.course_lessons
    for each row execute function public.remember();
create table public.updates (xid bigint);
create function public.remember_update() returns trigger language plpgsql as $$
begin insert into public.updates values (txid_current()); return null; end $$;
create trigger remember_update after update on forebay.course_lessons
    for each statement execute function public.remember_update()";

#[tokio::test]
async fn files_and_measures_are_one_transaction() {
    let stage = Stage::empty().await;
    stage.execute(WATCHED).await;
    let mut persister = stage.opened(PersistMode::On).await;
    assert!(is_done(&persister.persist_course(course(1, 2)).await.unwrap()));
    let writes =
        "select count(*) || ' ' || count(distinct xid) from writes where relation like '%course_lessons'";
    assert_eq!(stage.texts(writes).await, ["4 1"], "each lesson is written, then measured");
    assert_eq!(stage.texts("select count(distinct xid)::text from writes").await, ["1"]);
    // Nor does another transaction try to measure them once more.
    assert_eq!(stage.texts("select count(distinct xid)::text from updates").await, ["1"]);
    let measured =
        "select concat_ws('|', generation_seconds, generation_cost, num_retries) from forebay.course_lessons";
    assert_eq!(stage.texts(measured).await, ["1.5|0.25|1", "1.5|0.25|1"]);

    // Measures of a text that is stored already have a transaction of their own.
    let scored = LessonMeasures { gps_score: Some(0.5), ..LessonMeasures::default() };
    let input = LessonInput { measures: scored, ..lesson(1, 1) };
    assert!(is_done(&persister.persist_lesson(input).await.unwrap()));
    assert_eq!(stage.texts("select count(distinct xid)::text from writes").await, ["2"]);
    assert_eq!(persister.counts().num_failed, 0);
}

#[tokio::test]
async fn a_measure_that_is_refused_costs_no_file_and_no_other_measure() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::On).await;
    let odd = LessonMeasures { validation_status: Some("odd".to_owned()), ..LessonMeasures::default() };
    let bad = LessonInput { measures: odd, ..lesson(1, 2) };
    let written = persister.persist_lessons_batch(vec![lesson(1, 1), bad]).await.unwrap();
    let Persisted::Failed { code, .. } = &written.persisted else { panic!("{written:?}") };
    assert_eq!((*code, written.num_written), ("database_refused", 2));
    let rows = "select concat_ws('|', lesson_id, generation_cost, validation_status) from forebay.course_lessons order by 1";
    assert_eq!(stage.texts(rows).await, ["L11|0.25|pending", "L12|pending"]);
    let closed = persister.close().await.unwrap();
    assert_eq!(closed.unstored, ["measures of lessons/1.2-borrowing-part-2.md"]);
}

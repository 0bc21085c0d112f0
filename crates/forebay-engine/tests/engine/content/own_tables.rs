//! The user's own tables get the same rows, in the types of their columns, and nothing else of them is touched.

mod measurements;

use std::sync::Arc;

use forebay_domain::content::{ContentStatus, file_text::hash, own_tables::OwnTables};
use forebay_engine::{
    Error, Result, clock,
    content::{self, CourseFolder, CourseSettings, Persisted, SyncOptions, SyncReport},
};
use forebay_store::content::{LessonMeasures, MeasuredLesson};
use serde_json::{Value, json};

use super::{Stage, lesson};

/// Tables as a team has them: ids of their own, an enum, a check, columns that Forebay does not know.
const TABLES: &str = "
create type level as enum ('remember', 'understand', 'apply', 'analyze', 'evaluate', 'create', 'unknown');
create table courses (
    id uuid primary key default gen_random_uuid(),
    slug varchar(80) not null unique,
    name text not null,
    tags jsonb,
    state text not null check (state in ('draft', 'published', 'archived')),
    owner text not null default 'nobody'
);
create table lessons (
    id bigint generated always as identity primary key,
    course_id uuid not null references courses on delete cascade,
    module smallint,
    module_no int not null,
    lesson_no bigint not null,
    heading text not null,
    body text not null,
    bloom level,
    concepts text[] not null,
    sha text not null,
    note text,
    unique (course_id, module_no, lesson_no)
);
create table research (course varchar(80) primary key, market text, rivals numeric);
";

fn tables() -> Value {
    json!({
        "pieces": {
            "table": "courses",
            "id": "id",
            "columns": {"piece_slug": "slug", "title": "name", "keywords": "tags", "status": "state"},
        },
        "lessons": {
            "table": "public.lessons",
            "course": "course_id",
            "columns": {
                "module_number": "module_no",
                "lesson_number": "lesson_no",
                "title": "heading",
                "content": "body",
                "bloom_level": "bloom",
                "key_concepts": "concepts",
                "content_hash": "sha",
            },
        },
        "research": {
            "table": "research",
            "columns": {"piece_slug": "course", "market_analysis": "market", "num_competitors": "rivals"},
        },
    })
}

async fn sync(stage: &Stage, tables: Value) -> Result<SyncReport> {
    let own_tables: OwnTables = serde_json::from_value(tables).unwrap();
    let settings = CourseSettings { own_tables: Some(own_tables), ..super::settings() };
    let folder = Arc::new(CourseFolder::open(stage.path())?);
    content::sync(
        &stage.database,
        &settings,
        folder,
        SyncOptions { allow_removals: true, ..SyncOptions::default() },
    )
    .await
}

#[tokio::test]
async fn the_same_rows_are_written_in_the_types_of_the_tables() {
    let stage = Stage::course().await;
    stage.execute(TABLES).await;
    stage.execute("insert into courses (slug, name, state) values ('other', 'Other', 'published')").await;
    sync(&stage, tables()).await.unwrap();
    let courses = "select concat_ws('|', slug, name, tags, state, owner) from courses order by slug";
    assert_eq!(
        stage.texts(courses).await,
        [
            "other|Other|published|nobody",
            "rust-basics|Rust from the start|[\"rust\", \"borrowing\"]|draft|nobody"
        ]
    );
    let lessons = "select concat_ws('|', c.slug, module_no, lesson_no, heading, bloom, concepts, length(sha)) \
         from lessons as l join courses as c on c.id = l.course_id order by module_no, lesson_no limit 2";
    assert_eq!(
        stage.texts(lessons).await,
        ["rust-basics|1|1|Lesson 1.1|apply|{}|64", "rust-basics|1|2|Lesson 1.2|apply|{}|64"]
    );
    let bodies = "select (string_agg(body, '' order by module_no, lesson_no) = (select string_agg(content, '' order by \
         module_number, lesson_number) from forebay.course_lessons))::text from lessons";
    assert_eq!(stage.texts(bodies).await, ["true"]);
    assert_eq!(stage.texts("select concat_ws('|', course, rivals) from research").await, ["rust-basics|2"]);
}

#[tokio::test]
async fn tables_that_are_named_later_are_filled() {
    let stage = Stage::course().await;
    stage.execute(TABLES).await;
    stage.sync().await;
    sync(&stage, tables()).await.unwrap();
    assert_eq!(stage.texts("select count(*)::text from lessons").await, ["6"]);
    assert_eq!(stage.texts("select course::text from research").await, ["rust-basics"]);
}

#[tokio::test]
async fn only_changed_rows_are_written_and_columns_of_the_user_stay() {
    let stage = Stage::course().await;
    stage.execute(TABLES).await;
    sync(&stage, tables()).await.unwrap();
    stage.execute("update lessons set note = 'mine'").await;
    let rows =
        "select concat_ws('|', lesson_no, xmin, note) from lessons where module_no = 1 order by lesson_no";
    let before = stage.texts(rows).await;
    stage.write("lessons/1.2-part-2.md", format!("{}More.\n", lesson(1, 2)).as_bytes());
    sync(&stage, tables()).await.unwrap();
    let after = stage.texts(rows).await;
    assert_eq!((&before[0], &before[2]), (&after[0], &after[2]));
    assert_ne!(before[1], after[1]);
    assert!(after.iter().all(|row| row.ends_with("|mine")), "{after:?}");
}

#[tokio::test]
async fn rows_follow_lessons_that_move_or_go_and_others_stay() {
    let stage = Stage::course().await;
    stage.execute(TABLES).await;
    sync(&stage, tables()).await.unwrap();
    // A lesson that somebody else keeps in the same course.
    stage
        .execute(
            "insert into lessons (course_id, module_no, lesson_no, heading, body, concepts, sha) \
             select id, 9, 9, 'Bonus', '', '{}', '' from courses where slug = 'rust-basics'",
        )
        .await;
    // The last lesson of module 2 goes; the first two of module 1 exchange their numbers.
    stage.remove("lessons/2.3-part-3.md");
    stage.rename("lessons/1.1-part-1.md", "lessons/1.x");
    stage.rename("lessons/1.2-part-2.md", "lessons/1.1-part-2.md");
    stage.rename("lessons/1.x", "lessons/1.2-part-1.md");
    sync(&stage, tables()).await.unwrap();
    let rows =
        "select concat_ws('|', module_no, lesson_no, heading) from lessons order by module_no, lesson_no";
    assert_eq!(
        stage.texts(rows).await,
        [
            "1|1|Lesson 1.2",
            "1|2|Lesson 1.1",
            "1|3|Lesson 1.3",
            "2|1|Lesson 2.1",
            "2|2|Lesson 2.2",
            "9|9|Bonus"
        ]
    );
    // Forgotten tables are left as they are.
    stage.remove("lessons/2.2-part-2.md");
    sync(&stage, json!({})).await.unwrap();
    assert_eq!(stage.texts("select count(*)::text from lessons").await, ["6"]);
    assert_eq!(stage.texts("select count(*)::text from forebay.course_lessons").await, ["4"]);
}

fn differences(error: &Error) -> Vec<String> {
    assert_eq!(error.code(), "content_tables_mismatch");
    assert!(error.is_usage());
    let text = error.to_string();
    let (_, differences) = text.split_once("do not fit: ").unwrap();
    differences.split("; ").map(str::to_owned).collect()
}

#[tokio::test]
async fn all_differences_are_reported_at_once_column_by_column() {
    let stage = Stage::course().await;
    stage
        .execute(
            "create type level as enum ('apply');
             create table courses (id int primary key, slug text not null, name int, state text check (state <> 'draft'));
             create table lessons (course_id uuid, module int, number int unique, body text, bloom level,
                 kind text not null, score int not null default 0, status varchar(6) check (status <> 'passed'))",
        )
        .await;
    let mut wanted = json!({
        "pieces": {
            "table": "courses",
            "id": "uid",
            "columns": {"piece_slug": "slug", "title": "name", "status": "state"},
        },
        "lessons": {
            "table": "lessons",
            "course": "course_id",
            "columns": {"module_number": "module", "lesson_number": "number", "bloom_level": "bloom", "content": "text",
                "gps_score": "score", "validation_status": "status"},
        },
        "research": {"table": "app.research", "columns": {"piece_slug": "slug"}},
    });
    assert_eq!(
        differences(&sync(&stage, wanted.clone()).await.unwrap_err()),
        [
            "courses.uid: there is no such column",
            "courses.name: its type is integer, and title needs text",
            "courses.id: it is not null and has no default, so name a field for it",
            "courses.state: its constraint courses_state_check does not allow draft",
            "courses: a unique constraint on (slug) is needed to find rows",
            "lessons.text: there is no such column",
            "lessons.bloom: its type level has no label remember, understand, analyze, evaluate, create",
            "lessons.score: its type is integer, and gps_score needs double precision, real or numeric",
            "lessons.score: it is not null, and gps_score can be null",
            "lessons.status: its type is character varying(6), and validation_status has up to 7 characters",
            "lessons.kind: it is not null and has no default, so name a field for it",
            "lessons: its unique constraint lessons_number_key would stop lessons from exchanging their numbers, so make \
             it deferrable initially deferred, or use these columns as the key",
            "lessons: a unique constraint on (course_id, module, number) is needed to find rows",
            "app.research: there is no such table",
        ]
    );
    assert_eq!(stage.texts("select count(*)::text from forebay.content_pieces").await, ["0"]);

    wanted["pieces"]["id"] = json!("id");
    wanted["lessons"]["columns"]["lesson_number"] = json!("no");
    let found = differences(&sync(&stage, wanted).await.unwrap_err());
    let of_course = "lessons.course_id: its type is uuid, and courses.id has the type integer";
    assert!(found.iter().any(|difference| difference == of_course), "{found:?}");
    // A constraint on a column that does not exist is not asked for.
    assert!(!found.iter().any(|difference| difference.contains("(course_id")), "{found:?}");
}

#[tokio::test]
async fn domains_are_checked_like_columns() {
    let stage = Stage::course().await;
    stage
        .execute(
            "create domain word as varchar(20) constraint word_is_final check (value in ('published', 'archived'));
             create domain name as text not null check (length(value) < 200);
             create table courses (slug name primary key, word word check (word <> 'archived'), title name)",
        )
        .await;
    let wanted = json!({
        "pieces": {"table": "courses", "columns": {"piece_slug": "slug", "status": "word", "title": "title"}},
    });
    assert_eq!(
        differences(&sync(&stage, wanted.clone()).await.unwrap_err()),
        [
            "courses.word: its constraint courses_word_check does not allow archived",
            "courses.word: its constraint word_is_final does not allow draft",
        ]
    );
    stage.execute("alter table courses drop constraint courses_word_check; alter domain word drop constraint word_is_final").await;
    sync(&stage, wanted).await.unwrap();
    let rows = "select concat_ws('|', slug, word, title) from courses";
    assert_eq!(stage.texts(rows).await, ["rust-basics|draft|Rust from the start"]);
}

#[tokio::test]
async fn a_fact_is_stored_in_all_tables_or_in_none() {
    let stage = Stage::course().await;
    stage.execute("create table courses (slug text primary key, status text, voice float8)").await;
    let wanted = json!({
        "pieces": {"table": "courses", "columns": {"piece_slug": "slug", "status": "status", "voice_fidelity_score": "voice"}},
    });
    sync(&stage, wanted).await.unwrap();
    // As a trigger or a rule of the user may do it.
    stage
        .execute(
            "create function refuse() returns trigger language plpgsql as 'begin raise ''no''; end';
        create trigger refuse before update on courses for each row execute function refuse()",
        )
        .await;
    let mut writer = stage.writer().await;
    assert!(matches!(writer.update_voice_fidelity(0.5).await.unwrap(), Persisted::Failed { .. }));
    assert!(matches!(writer.set_status(ContentStatus::Published).await, Persisted::Failed { .. }));
    assert!(
        content::set_status(&stage.database, &super::settings(), ContentStatus::Published).await.is_err()
    );
    let rows = "select concat_ws('|', status, voice_fidelity_score) from forebay.content_pieces \
                union all select concat_ws('|', status, voice) from courses";
    assert_eq!(stage.texts(rows).await, ["draft", "draft"]);
    stage.execute("drop trigger refuse on courses").await;
    assert!(matches!(writer.update_voice_fidelity(0.5).await.unwrap(), Persisted::Done(_)));
    assert!(matches!(writer.set_status(ContentStatus::Published).await, Persisted::Done(_)));
    assert_eq!(stage.texts(rows).await, ["published|0.5", "published|0.5"]);
}

#[tokio::test]
async fn no_value_is_shortened_to_the_length_of_a_column() {
    let stage = Stage::course().await;
    stage
        .execute(
            "create table courses (slug text primary key, tags varchar(4)[],
                 state char(9) not null check (state in ('draft', 'published', 'archived')));
             create table pages (slug text, lesson varchar(3), title text, unique (slug, lesson));
             create table notes (slug text, lesson char(9), title text, unique (slug, lesson))",
        )
        .await;
    stage.write("lessons/2.4-long.md", lesson(2, 4).replace("L24", "L23-long").as_bytes());
    let columns = json!({"piece_slug": "slug", "lesson_id": "lesson", "title": "title"});
    let of_lessons = |table: &str| json!({"table": table, "key": ["lesson_id"], "columns": columns});
    let wanted = |table: &str| {
        json!({
            "pieces": {"table": "courses", "columns": {"piece_slug": "slug", "keywords": "tags", "status": "state"}},
            "lessons": of_lessons(table),
        })
    };
    let report = sync(&stage, wanted("pages")).await.unwrap();
    // A tag and an id are too long. Their rows are refused, and nothing else.
    let mut refused: Vec<_> = report.problems.iter().map(|problem| problem.path.as_str()).collect();
    refused.sort_unstable();
    assert_eq!(refused, ["COURSE-BRIEF.md", "lessons/2.4-long.md"], "{report:?}");
    assert_eq!(stage.texts("select slug from courses").await, Vec::<String>::new());
    let ids = "select string_agg(lesson, ',' order by lesson) from pages";
    assert_eq!(stage.texts(ids).await, ["L11,L12,L13,L21,L22,L23"]);
    stage.execute("alter table courses alter tags type varchar(9)[]").await;
    stage.remove("lessons/2.4-long.md");
    let report = sync(&stage, wanted("pages")).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(stage.texts(ids).await, ["L11,L12,L13,L21,L22,L23"]);
    assert_eq!(
        stage.texts("select concat_ws('|', tags, state) from courses").await,
        ["{rust,borrowing}|draft    "]
    );
    // Padding does not hide a row either.
    sync(&stage, wanted("notes")).await.unwrap();
    stage.remove("lessons/2.3-part-3.md");
    sync(&stage, wanted("notes")).await.unwrap();
    let ids = "select string_agg(trim(lesson), ',' order by lesson) from notes";
    assert_eq!(stage.texts(ids).await, ["L11,L12,L13,L21,L22"]);
    assert!(stage.verify().await.is_clean());
}

/// Whether a column of the first type can refer to an id of the second.
#[tokio::test]
async fn a_column_that_refers_to_courses_has_the_type_of_their_id() {
    let stage = Stage::course().await;
    stage
        .execute(
            "create domain course_id as int;
             create table courses (a smallint generated always as identity, b int generated always as identity,
                 c bigint generated always as identity, d uuid default gen_random_uuid(),
                 e varchar(80) default 'x', f course_id default 1, slug text primary key);
             create table notes (a smallint unique, b int unique, c bigint unique, d uuid unique, e varchar(9) unique,
                 f course_id unique, g text unique, h bigint generated always as (1) stored unique, brief text)",
        )
        .await;
    for (id, fitting) in
        [("a", "abcf"), ("b", "bcf"), ("c", "c"), ("d", "d"), ("e", "eg"), ("f", "bcf"), ("slug", "eg")]
    {
        for column in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            let tables = json!({
                "pieces": {"table": "courses", "id": id, "columns": {"piece_slug": "slug"}},
                "metadata": {"table": "notes", "course": column, "columns": {"brief": "brief"}},
            });
            let tables: OwnTables = serde_json::from_value(tables).unwrap();
            let client = stage.test.client().await;
            let loaded = forebay_store::content::OwnStatements::load(&client, &tables).await;
            assert_eq!(loaded.is_ok(), fitting.contains(column), "{column} refers to {id}: {loaded:?}");
        }
    }
}

#[tokio::test]
async fn scores_and_approvals_reach_own_tables() {
    let stage = Stage::course().await;
    stage
        .execute(
            "create table pages (slug text, lesson text, grade numeric, state varchar(7), unique (slug, lesson));
             create table plans (slug text primary key, approver text, approved timestamptz,
                 state text)",
        )
        .await;
    let wanted = json!({
        "lessons": {
            "table": "pages",
            "key": ["lesson_id"],
            "columns": {"piece_slug": "slug", "lesson_id": "lesson", "gps_score": "grade", "validation_status": "state"},
        },
        "metadata": {"table": "plans", "columns": {"piece_slug": "slug", "approved_by": "approver",
            "approved_at": "approved", "status": "state"}},
    });
    sync(&stage, wanted).await.unwrap();
    let mut client = stage.test.client().await;
    let row = client.query_one("select source_id from forebay.content_pieces", &[]).await.unwrap();
    let course = forebay_store::content::of_source(&client, row.get(0)).await.unwrap().unwrap();
    let measured = MeasuredLesson {
        path: "lessons/1.2-part-2.md".to_owned(),
        content_hash: hash(lesson(1, 2).as_bytes()),
        measures: LessonMeasures {
            gps_score: Some(0.75),
            validation_status: Some("passed".to_owned()),
            ..LessonMeasures::default()
        },
    };
    let transaction = client.transaction().await.unwrap();
    let updated = forebay_store::content::update_lessons(&transaction, &course, &[measured]).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(
        (updated.found.as_slice(), updated.refused.len()),
        (&["lessons/1.2-part-2.md".to_owned()][..], 0)
    );
    let pages = "select concat_ws('|', slug, grade, state) from pages where lesson = 'L12'";
    assert_eq!(stage.texts(pages).await, ["rust-basics|0.75|passed"]);
    let curriculum = "select decode(payload ->> 'content_hash', 'hex') from forebay.\"references\" \
                      where record_key = 'curriculum'";
    let approval = forebay_store::content::Approval {
        approved_at: clock::now(),
        approved_by: "ada".to_owned(),
        content_hash: client
            .query_one(curriculum, &[])
            .await
            .unwrap()
            .get::<_, Vec<u8>>(0)
            .try_into()
            .unwrap(),
    };
    let transaction = client.transaction().await.unwrap();
    let refused = forebay_store::content::approve(&transaction, &course, &approval, None).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(refused, Some(Vec::new()));
    assert!(content::set_status(&stage.database, &super::settings(), ContentStatus::Archived).await.unwrap());
    assert_eq!(
        stage.texts("select concat_ws('|', slug, approver, approved is not null, state) from plans").await,
        ["rust-basics|ada|t|archived"]
    );
}

//! A database that is off, unreachable, too old, or gone in the middle.

use std::{
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use forebay_domain::content::{ContentStatus, PersistMode};
use forebay_engine::content::{
    self, CourseFolder, CoursePersister, DifferenceKind, Fetched, Persisted, SyncOptions,
};
use forebay_store::{
    connect::Target,
    content::LessonMeasures,
    testing::{self, TestDatabase},
};

use super::{super::settings, Stage, course, details, is_done, lesson};

/// A database on a TCP port that can be cut off. It forwards to the socket of the tests' cluster.
struct Gate {
    port: u16,
    name: String,
    is_open: Arc<AtomicBool>,
    num_connections: Arc<AtomicUsize>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
}

impl Gate {
    fn new(test: &TestDatabase) -> Self {
        let config = test.config();
        let socket = config.get_hosts().iter().find_map(|host| match host {
            tokio_postgres::config::Host::Unix(folder) => Some(folder.join(".s.PGSQL.5432")),
            tokio_postgres::config::Host::Tcp(_) => None,
        });
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let socket = socket.unwrap().with_file_name(format!(".s.PGSQL.{port}"));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gate = Self {
            port: listener.local_addr().unwrap().port(),
            name: config.get_dbname().unwrap().to_owned(),
            is_open: Arc::new(AtomicBool::new(true)),
            num_connections: Arc::new(AtomicUsize::new(0)),
            connections: Arc::new(Mutex::new(Vec::new())),
        };
        let (is_open, count, all) =
            (Arc::clone(&gate.is_open), Arc::clone(&gate.num_connections), Arc::clone(&gate.connections));
        // It ends with the process.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                if is_open.load(Ordering::SeqCst) {
                    all.lock().unwrap().push(client.try_clone().unwrap());
                    forward(client, &socket);
                }
            }
        });
        gate
    }

    fn target(&self) -> Target {
        Target::Url(format!("postgresql://forebay@127.0.0.1:{}/{}?sslmode=disable", self.port, self.name))
    }

    /// Cuts all connections and refuses new ones.
    fn close(&self) {
        self.is_open.store(false, Ordering::SeqCst);
        for connection in self.connections.lock().unwrap().drain(..) {
            // It fails only if the other side has closed it.
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
    }

    fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }
}

fn forward(client: TcpStream, socket: &PathBuf) {
    let server = UnixStream::connect(socket).unwrap();
    let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (mut from_server, mut to_client) = (server, client);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Both);
    });
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(std::net::Shutdown::Both);
    });
}

#[tokio::test]
async fn off_opens_no_connection() {
    let stage = Stage::empty().await;
    let gate = Gate::new(&stage.test);
    let mut persister = stage.opened_to(PersistMode::Off, gate.target()).await;
    let written = persister.persist_course(course(1, 2)).await.unwrap();
    assert!(matches!(written.persisted, Persisted::Off), "{written:?}");
    assert_eq!(written.num_written, 6);
    assert!(matches!(persister.update_voice_fidelity(0.5).await.unwrap(), Persisted::Off));
    assert!(matches!(persister.get_course(true).await, Fetched::Off));
    assert!(matches!(persister.verify().await, Fetched::Off));
    assert_eq!(persister.close().await.unwrap(), content::Closed::default());
    assert_eq!(gate.num_connections.load(Ordering::SeqCst), 0);
    assert_eq!(stage.texts("select count(*)::text from forebay.content_pieces").await, ["0"]);
}

#[tokio::test]
async fn an_unreachable_database_costs_no_file() {
    let stage = Stage::empty().await;
    let nowhere = Target::Url("postgresql://forebay@127.0.0.1:1/none?sslmode=disable".to_owned());
    let mut persister = stage.opened_to(PersistMode::On, nowhere).await;
    let written = persister.persist_course(course(1, 2)).await.unwrap();
    let Persisted::Failed { code, message } = &written.persisted else { panic!("{written:?}") };
    assert_eq!(*code, "database_unreachable", "as it was found when the course was opened");
    assert!(message.contains("127.0.0.1:1") && message.contains("the next attempt is in"), "{message}");
    assert!(stage.read("lessons/1.2-borrowing-part-2.md").contains("Lesson 1.2"));
    assert!(matches!(persister.get_course(true).await, Fetched::Failed { .. }));
    let counts = persister.close().await.unwrap().counts;
    assert_eq!((counts.num_persisted, counts.num_failed), (0, 2), "the call, and the attempt of close");
}

#[tokio::test]
async fn a_schema_that_does_not_fit_fails_at_open() {
    let stage = Stage::empty().await;
    let empty = testing::empty_database().await;
    for mode in [PersistMode::On, PersistMode::Shadow] {
        let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
        let opened = CoursePersister::open(settings(), folder, mode, empty.target()).await;
        assert_eq!(opened.unwrap_err().code(), "schema_missing");
    }
    stage.execute("update forebay.schema_migrations set checksum = decode(repeat('00', 32), 'hex') where version = 1").await;
    let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
    let opened = CoursePersister::open(settings(), folder, PersistMode::On, stage.test.target()).await;
    assert_eq!(opened.unwrap_err().code(), "migration_drift");
}

#[tokio::test]
async fn what_a_stopped_database_missed_is_named_and_repaired() {
    let stage = Stage::empty().await;
    let gate = Gate::new(&stage.test);
    let mut persister = stage.opened_to(PersistMode::On, gate.target()).await;
    assert!(is_done(&persister.persist_course(course(1, 3)).await.unwrap()));
    gate.close();
    for number in 4..=6 {
        let written = persister.persist_lesson(lesson(1, number)).await.unwrap();
        assert!(matches!(written.persisted, Persisted::Failed { .. }), "{written:?}");
        assert_eq!(written.num_written, 1);
    }
    assert_eq!(persister.counts().num_retries, 1, "the first failure is tried again, then it is left alone");
    let counts = persister.close().await.unwrap().counts;
    assert_eq!(counts.num_failed, 4);

    // Back again, another process looks.
    gate.open();
    let verified = stage.verify().await;
    let missing: Vec<_> =
        verified.differences.iter().map(|one| (one.path.as_deref().unwrap(), one.kind)).collect();
    let expected = [4, 5, 6].map(|number| format!("lessons/1.{number}-borrowing-part-{number}.md"));
    let expected: Vec<_> =
        expected.iter().map(|path| (path.as_str(), DifferenceKind::MissingInDatabase)).collect();
    assert_eq!(missing, expected);
    let report = stage.try_sync(SyncOptions::default()).await.unwrap();
    assert_eq!(report.changes.actions.len(), 3);
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn a_database_that_is_back_gets_files_and_measures_at_close() {
    let stage = Stage::empty().await;
    let gate = Gate::new(&stage.test);
    let mut persister = stage.opened_to(PersistMode::On, gate.target()).await;
    assert!(is_done(&persister.persist_lesson(lesson(1, 1)).await.unwrap()));
    gate.close();
    assert!(!is_done(&persister.persist_lesson(lesson(1, 2)).await.unwrap()));
    gate.open();
    let counts = persister.close().await.unwrap().counts;
    assert_eq!(counts.num_failed, 1, "{counts:?}");
    assert!(stage.verify().await.is_clean());
    let mut again = stage.opened(PersistMode::On).await;
    assert_eq!(details(again.get_course(false).await).lessons[1].generation_cost, Some(0.25));
}

#[tokio::test]
async fn facts_that_only_the_database_has_are_remembered() {
    let stage = Stage::empty().await;
    let gate = Gate::new(&stage.test);
    let mut persister = stage.opened_to(PersistMode::On, gate.target()).await;
    assert!(is_done(&persister.persist_course(course(1, 2)).await.unwrap()));
    gate.close();
    let at = jiff::Timestamp::UNIX_EPOCH;
    let failed =
        |persisted: Persisted| assert!(matches!(persisted, Persisted::Failed { .. }), "{persisted:?}");
    failed(persister.update_voice_fidelity(0.2).await.unwrap());
    failed(persister.update_voice_fidelity(0.9).await.unwrap());
    failed(persister.record_performance("views", 7.0, at).await.unwrap());
    failed(persister.set_status(ContentStatus::Published).await);
    let path = persister.lesson_file(lesson(1, 1).place).await.unwrap();
    // Two measures of one text are both kept.
    for measures in [
        LessonMeasures { gps_score: Some(0.5), num_retries: Some(1), ..LessonMeasures::default() },
        LessonMeasures { gps_score: Some(0.75), ..LessonMeasures::default() },
    ] {
        failed(persister.update_lesson_validation(&path, &measures).await.unwrap());
    }
    assert_eq!(
        persister.unstored(),
        [
            "voice fidelity score 0.9".to_owned(),
            "measurement views at 1970-01-01T00:00:00Z".to_owned(),
            "status published".to_owned(),
            format!("measures of {path}"),
        ]
    );
    gate.open();
    let closed = persister.close().await.unwrap();
    assert_eq!(closed.unstored, Vec::<String>::new());
    let stored = "select concat_ws('|', p.voice_fidelity_score, p.status, v.value, l.gps_score, l.num_retries) \
         from forebay.content_pieces as p join forebay.content_performance as v using (piece_id) \
         join forebay.course_lessons as l using (piece_id) where l.lesson_number = 1";
    assert_eq!(stage.texts(stored).await, ["0.9|published|7|0.75|1"]);
}

#[tokio::test]
async fn facts_that_are_lost_are_named_at_close() {
    let stage = Stage::empty().await;
    let gate = Gate::new(&stage.test);
    let mut persister = stage.opened_to(PersistMode::On, gate.target()).await;
    assert!(is_done(&persister.persist_course(course(1, 2)).await.unwrap()));
    // One fact that the database refuses costs no other.
    stage.execute("alter table forebay.content_performance add constraint small check (value < 100)").await;
    let at = jiff::Timestamp::UNIX_EPOCH;
    let refused = persister.record_performance("views", 700.0, at).await.unwrap();
    let Persisted::Failed { code, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(*code, "database_refused");
    assert!(matches!(persister.record_performance("likes", 7.0, at).await.unwrap(), Persisted::Done(_)));
    gate.close();
    persister.update_voice_fidelity(0.9).await.unwrap();
    let closed = persister.close().await.unwrap();
    let expected = ["measurement views at 1970-01-01T00:00:00Z", "voice fidelity score 0.9"];
    assert_eq!(closed.unstored, expected);
}

#[tokio::test]
async fn a_value_that_no_database_takes_costs_no_other() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::On).await;
    assert!(is_done(&persister.persist_course(course(1, 2)).await.unwrap()));
    let at = jiff::Timestamp::UNIX_EPOCH;
    let path = persister.lesson_file(lesson(1, 1).place).await.unwrap();
    let issues = serde_json::json!([{"message": "nul \u{0} here"}]);
    let measures = LessonMeasures { validation_issues: Some(issues), ..LessonMeasures::default() };
    let status = LessonMeasures { validation_status: Some("odd".to_owned()), ..LessonMeasures::default() };
    for refused in [
        persister.record_performance("nul \0 here", 7.0, at).await.unwrap(),
        persister.update_lesson_validation(&path, &measures).await.unwrap(),
        persister.update_lesson_validation(&path, &status).await.unwrap(),
        persister.record_performance("views", 7.0, jiff::Timestamp::MIN).await.unwrap(),
    ] {
        let Persisted::Failed { code, .. } = &refused else { panic!("{refused:?}") };
        assert_eq!(*code, "database_refused");
    }
    assert_eq!(persister.counts().num_retries, 0);
    assert!(matches!(persister.record_performance("views", 7.0, at).await.unwrap(), Persisted::Done(_)));
    let graded = LessonMeasures { gps_score: Some(0.5), ..LessonMeasures::default() };
    assert!(matches!(persister.update_lesson_validation(&path, &graded).await.unwrap(), Persisted::Done(_)));
    let closed = persister.close().await.unwrap();
    assert_eq!((closed.counts.num_failed, closed.unstored.len()), (4, 4), "{closed:?}");
}

#[tokio::test]
async fn a_write_that_the_database_refuses_is_no_outage() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::On).await;
    assert!(is_done(&persister.persist_course(course(1, 2)).await.unwrap()));
    // As a constraint or a trigger that somebody added.
    let refuse = "alter table forebay.\"references\" add constraint none check (record_key <> 'lesson/L13')";
    stage.execute(refuse).await;
    let written = persister.persist_lesson(lesson(1, 3)).await.unwrap();
    let Persisted::Done(Some(report)) = &written.persisted else { panic!("{written:?}") };
    let problems: Vec<_> = report.problems.iter().map(|one| format!("{} {}", one.code, one.path)).collect();
    assert_eq!(problems, ["row_refused lessons/1.3-borrowing-part-3.md"]);
    assert_eq!((report.is_clean(), persister.counts().num_retries), (false, 0));
    stage.execute("alter table forebay.\"references\" drop constraint none").await;
    assert!(is_done(&persister.persist_lesson(lesson(1, 4)).await.unwrap()), "it is not left alone");
    assert!(stage.verify().await.is_clean(), "the refused file is stored too");
}

#[tokio::test]
async fn shadow_mode_reports_differences() {
    let stage = Stage::empty().await;
    let mut persister = stage.opened(PersistMode::Shadow).await;
    assert!(is_done(&persister.persist_course(course(1, 2)).await.unwrap()));
    assert_eq!(persister.counts().num_differences, 0);
    // A lesson that cannot be stored.
    stage.write("lessons/1.9-nul.md", b"# Nul\0\n");
    assert!(is_done(&persister.persist_lesson(lesson(1, 3)).await.unwrap()));
    assert_eq!(persister.counts().num_differences, 0, "a problem of a file is no difference");
    stage.execute("delete from forebay.course_lessons where lesson_id = 'L11'").await;
    let report = persister.persist_folder().await;
    assert!(matches!(report, Persisted::Done(Some(_))), "{report:?}");
}

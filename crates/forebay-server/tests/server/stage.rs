//! A server over a database with made-up data.

use std::{io::Cursor, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, Response, StatusCode, request},
};
use forebay_domain::access::Role;
use forebay_engine::{
    clock,
    freshness::Policies,
    notify::Notifying,
    persist::{self, Input, PersistRequest},
    scrape::{Scraper, Sources, Stop},
    seed,
    sources::{Format, ReadOptions},
    tokens::{self, TokenRequest},
    work::Declarations,
};
use forebay_server::{Admission, App, Inputs, Limits, Listener, Settings, router, serve};
use forebay_store::{
    actions::Actor,
    connect::{Database, OpenOptions},
    testing::{self, TestDatabase},
};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The server and its database.
pub(crate) struct Stage {
    router: Router,
    pub(crate) stopping: CancellationToken,
    pub(crate) database: Arc<Database>,
    _test: Option<TestDatabase>,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Stage {
    /// A server over an empty database, open to everyone.
    pub(crate) async fn empty() -> Self {
        Self::build(false, Admission { is_open: true, ..Admission::default() }).await
    }

    /// A server over made-up data in every state, open to everyone.
    pub(crate) async fn seeded() -> Self {
        Self::build(true, Admission { is_open: true, ..Admission::default() }).await
    }

    /// A server that asks for tokens.
    pub(crate) async fn locked(is_seeded: bool) -> Self {
        Self::build(is_seeded, Admission::default()).await
    }

    /// A server that recognises callers in this way.
    pub(crate) async fn build(is_seeded: bool, admission: Admission) -> Self {
        let test = testing::database().await;
        let database = Arc::new(test.open().await);
        if is_seeded {
            seed::seed(&database, test.target(), false).await.unwrap();
        }
        Self::over(Some(test), database, admission)
    }

    /// A server whose database can't be reached.
    pub(crate) fn unreachable() -> Self {
        let url = "postgresql://forebay@127.0.0.1:1/forebay";
        let database = Arc::new(Database::open_lazily(url, &OpenOptions::default()).unwrap());
        Self::over(None, database, Admission { is_open: true, ..Admission::default() })
    }

    fn over(test: Option<TestDatabase>, database: Arc<Database>, admission: Admission) -> Self {
        let scraper = Scraper::new(Arc::clone(&database), clock::network(), Arc::new(Sources::default()));
        let settings = Settings {
            scraper,
            policies: Policies::default(),
            declarations: Declarations::default(),
            notifying: Notifying::default(),
            inputs: Inputs::default(),
            allow_scrape: false,
            stop: Stop::default(),
            project: None,
            course_project: "default".to_owned(),
            configured_by: None,
            public_host: None,
            // Tests don't wait for a minute.
            admission: Admission { recheck: Duration::from_millis(200), ..admission },
        };
        let stopping = CancellationToken::new();
        Self { router: router(App::new(settings, stopping.clone())), stopping, database, _test: test }
    }

    /// Stores a complete input of a source with the key `id`.
    pub(crate) async fn persist(&self, source: &str, records: &[Value]) {
        let lines: Vec<String> = records.iter().map(Value::to_string).collect();
        let request = PersistRequest { complete: true, ..PersistRequest::new(source, ["id"]) };
        let options = ReadOptions { format: Format::JsonLines, ..ReadOptions::default() };
        let input = Input::bytes("test.jsonl", Box::new(Cursor::new(lines.join("\n"))), options);
        persist::persist(&self.database, request, input, &|_| {}).await.unwrap();
    }

    /// Creates a token.
    pub(crate) async fn token(&self, role: Role, sources: Option<&[&str]>) -> String {
        let sources = sources.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        let request = TokenRequest { name: None, role, sources, expires_at: None };
        tokens::create(&self.database, &request, &Actor::library()).await.unwrap().secret
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, body) = self.open(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Listens on a port of its own, in a task that ends when the server stops.
    pub(crate) async fn listen(&self, limits: Limits) -> (SocketAddr, JoinHandle<()>) {
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.address();
        (address, tokio::spawn(serve(listener, self.router.clone(), limits, self.stopping.clone())))
    }

    /// Sends a request, and leaves the body of the response unread.
    pub(crate) async fn open(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Gets a path.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(get(path).body(Body::empty()).unwrap()).await
    }

    /// Gets the JSON of a path, which must succeed.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.json()
    }
}

/// A request for a path.
pub(crate) fn get(path: &str) -> request::Builder {
    Request::get(path)
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, which must be there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

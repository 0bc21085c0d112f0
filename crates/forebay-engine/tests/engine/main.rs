//! The engine on a real Postgres, one database for each test.

#![expect(clippy::unwrap_used, reason = "what helps tests fails by panicking, as tests do")]

mod work;

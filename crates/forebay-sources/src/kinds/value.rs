//! Setting values that are given directly, or read from an environment variable or a file.
//!
//! Secrets are never written in `forebay.toml`. They are read where they are needed, and so never appear in the
//! configuration, the database, messages or the list of processes.

use std::{env, fmt, fs, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::masked::MASK;
use crate::{Error, environment};

/// Maximum size of a file that contains a value, in bytes.
const MAX_BYTES: u64 = 64 << 10;

/// Plain text, or `{ env = "NAME" }` or `{ file = "PATH" }` for secrets.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected text, { env = \"NAME\" } or { file = \"PATH\" }")]
pub enum EnvValue {
    /// The value itself, which must not be a secret.
    Plain(String),
    /// An environment variable that contains the value.
    Env(FromEnv),
    /// A file that contains the value; surrounding whitespace is ignored.
    File(FromFile),
}

impl Serialize for EnvValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(_) => serializer.serialize_str(MASK),
            Self::Env(from) => from.serialize(serializer),
            Self::File(from) => from.serialize(serializer),
        }
    }
}

/// An environment variable as a source of a value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FromEnv {
    /// The name of the environment variable.
    pub env: String,
}

/// A file as a source of a value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FromFile {
    /// The path of the file.
    pub file: PathBuf,
}

impl EnvValue {
    /// The value. Error: `secret_missing` if the variable is not set or the file cannot be read.
    pub fn read(&self) -> Result<String, Error> {
        match self {
            Self::Plain(text) => Ok(text.clone()),
            Self::Env(from) => from.read(),
            Self::File(from) => from.read(),
        }
    }

    /// Whether the value is written in the settings, so it may be shown.
    pub const fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }
}

/// A secret: `{ env = "NAME" }` or `{ file = "PATH" }`, never the value itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged, expecting = "expected { env = \"NAME\" } or { file = \"PATH\" }")]
pub enum Secret {
    /// An environment variable that contains the secret.
    Env(FromEnv),
    /// A file that contains the secret; surrounding whitespace is ignored.
    File(FromFile),
}

impl Secret {
    /// The value. Error: `secret_missing` if the variable is not set or the file cannot be read.
    pub fn read(&self) -> Result<String, Error> {
        match self {
            Self::Env(from) => from.read(),
            Self::File(from) => from.read(),
        }
    }
}

impl FromEnv {
    fn read(&self) -> Result<String, Error> {
        let missing = |problem: &str| {
            Err(Error::SecretMissing {
                place: format!("the environment variable {}", self.env),
                problem: problem.to_owned(),
            })
        };
        match environment::var(&self.env) {
            Ok(text) => Ok(text),
            Err(env::VarError::NotPresent) => missing("is not set"),
            Err(env::VarError::NotUnicode(_)) => missing("is not UTF-8"),
        }
    }
}

impl FromFile {
    fn read(&self) -> Result<String, Error> {
        let missing = |problem: String| Error::SecretMissing {
            place: format!("the file {}", self.file.display()),
            problem,
        };
        let length =
            fs::metadata(&self.file).map_err(|error| missing(format!("cannot be read: {error}")))?.len();
        if length > MAX_BYTES {
            return Err(missing(format!("has more than {MAX_BYTES} bytes")));
        }
        let text =
            fs::read_to_string(&self.file).map_err(|error| missing(format!("cannot be read: {error}")))?;
        Ok(text.trim().to_owned())
    }
}

impl fmt::Debug for EnvValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A user may write a secret in the settings by mistake. Keep it out of logs.
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::Env(from) => from.fmt(f),
            Self::File(from) => from.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> EnvValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn values_are_read_from_variables_and_files() {
        assert_eq!(read("\"x\"").read().unwrap(), "x");
        // PATH is set in every test.
        assert_eq!(read(r#"{"env": "PATH"}"#).read().unwrap(), env::var("PATH").unwrap());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "\n hush \n").unwrap();
        let from_file = EnvValue::File(FromFile { file });
        assert_eq!(from_file.read().unwrap(), "hush");
        assert!(read("\"x\"").is_plain() && !from_file.is_plain());
        assert!(!format!("{:?}", read("\"hush\"")).contains("hush"));
    }

    #[test]
    fn a_missing_value_names_its_place() {
        let error = read(r#"{"env": "FOREBAY_TEST_UNSET"}"#).read().unwrap_err();
        assert_eq!(error.code(), "secret_missing");
        assert!(error.to_string().contains("FOREBAY_TEST_UNSET"));
        let error = read(r#"{"file": "/nowhere/token"}"#).read().unwrap_err();
        assert!(error.to_string().contains("/nowhere/token"));
    }

    #[test]
    fn a_secret_cannot_be_written_in_the_settings() {
        assert!(serde_json::from_str::<Secret>("\"postgres://u:p@h/d\"").is_err());
        assert!(serde_json::from_str::<Secret>(r#"{"env": "A", "file": "B"}"#).is_err());
        assert!(serde_json::from_str::<Secret>(r#"{"env": "A"}"#).is_ok());
    }
}

//! `file`: one large file over HTTP, read as it arrives: JSON, JSON Lines, CSV or a tap's messages.
//!
//! Unlike a page, a file goes through the [`Reader`](crate::Reader) as a stream, so memory doesn't grow with its size.

use forebay_domain::{pointer::Pointer, scope::Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::template::UrlTemplate;
use crate::{CsvOptions, Error, Format, ReadOptions, TextEncoding, fetch::AllowedHost};

/// A file over HTTP, read as it arrives; gzip is detected.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// URL of the file. `{name}` is filled from the scope.
    pub url: UrlTemplate,
    /// Format of the file. Default: `auto`, which detects JSON, JSON Lines and CSV.
    #[serde(default)]
    pub format: FileFormat,
    /// JSON pointer (RFC 6901) to the array of records, such as `/data/items`; only for `json`. Default: the whole
    /// document.
    pub records: Option<Pointer>,
    /// How to read delimited text; only for `csv`. Default: a header row, everything detected.
    #[serde(default)]
    pub csv: CsvOptions,
    /// Encoding of the file, such as `windows-1252`. Default: UTF-8.
    #[serde(default)]
    pub encoding: Option<TextEncoding>,
    /// Other hosts to which redirects may lead, such as the storage behind a download link. Default: none.
    #[serde(default)]
    pub allow_hosts: Vec<AllowedHost>,
}

/// A format of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Detected.
    #[default]
    Auto,
    /// JSON: an array of records, or an object that contains one.
    Json,
    /// One JSON record per line.
    Jsonl,
    /// Delimited text with a header row.
    Csv,
    /// The messages of a Singer tap.
    Singer,
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Auto => Self::Auto,
            FileFormat::Json => Self::Json,
            FileFormat::Jsonl => Self::JsonLines,
            FileFormat::Csv => Self::Csv,
            FileFormat::Singer => Self::Singer,
        }
    }
}

impl File {
    /// The settings that determine which records are read, in a fixed order: all except location and limits.
    pub fn reading(&self) -> impl Serialize {
        let Self { url: _, format, records, csv, encoding, allow_hosts: _ } = self;
        (format, records, csv, encoding)
    }

    /// Checks that the settings fit together. Error: `invalid_source_setting`.
    pub fn check(&self) -> Result<(), Error> {
        check_records("file.records", self.format, self.records.as_ref())?;
        check_csv("file.csv", self.format, self.csv)
    }

    /// The file for a scope. Error: `url_placeholder`.
    pub fn url(&self, scope: &Scope) -> Result<Url, Error> {
        self.url.expand(scope)
    }

    /// The options for reading the content.
    pub fn read_options(&self) -> ReadOptions {
        ReadOptions {
            csv: self.csv,
            encoding: self.encoding,
            ..read_options(self.format, self.records.as_ref())
        }
    }
}

/// Refuses a pointer to the records for formats other than JSON.
pub(super) fn check_records(
    setting: &'static str,
    format: FileFormat,
    records: Option<&Pointer>,
) -> Result<(), Error> {
    if records.is_some() && !matches!(format, FileFormat::Auto | FileFormat::Json) {
        let problem = "is only for the format json; remove it, or set format to json".to_owned();
        return Err(Error::InvalidSetting { setting, problem });
    }
    Ok(())
}

/// Refuses options of delimited text for other formats.
pub(super) fn check_csv(setting: &'static str, format: FileFormat, csv: CsvOptions) -> Result<(), Error> {
    if csv != CsvOptions::default() && !matches!(format, FileFormat::Auto | FileFormat::Csv) {
        let problem = "is only for the format csv; remove it, or set format to csv".to_owned();
        return Err(Error::InvalidSetting { setting, problem });
    }
    Ok(())
}

pub(super) fn read_options(format: FileFormat, records: Option<&Pointer>) -> ReadOptions {
    ReadOptions { format: format.into(), records: records.cloned(), ..ReadOptions::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<File, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn the_settings_become_a_url_and_options() {
        let file =
            read(r#"{"url": "https://example.edu/{term}.json.gz", "format": "json", "records": "/data"}"#);
        let file = file.unwrap();
        file.check().unwrap();
        let scope = Scope::parse(["term=Fall 2026"]).unwrap();
        assert_eq!(file.url(&scope).unwrap().as_str(), "https://example.edu/Fall%202026.json.gz");
        let options = file.read_options();
        assert_eq!((options.format, options.records), (Format::Json, Some("/data".parse().unwrap())));
        let plain = read(r#"{"url": "https://example.edu/a"}"#).unwrap();
        assert_eq!(plain.read_options(), ReadOptions::default());
    }

    #[test]
    fn every_setting_of_every_kind_here_is_described() {
        use crate::kinds::{Command, Feed, Ical, Postgres, Singer};
        let schemas = [
            schemars::schema_for!(File),
            schemars::schema_for!(Command),
            schemars::schema_for!(Feed),
            schemars::schema_for!(Ical),
            schemars::schema_for!(Postgres),
            schemars::schema_for!(Singer),
        ];
        for schema in schemas {
            let properties = schema.get("properties").and_then(serde_json::Value::as_object).unwrap();
            for (name, property) in properties {
                assert!(property.get("description").is_some(), "{name} has no description");
            }
        }
    }

    #[test]
    fn invalid_settings_are_refused() {
        let lines =
            read(r#"{"url": "https://example.edu/a", "format": "jsonl", "records": "/data"}"#).unwrap();
        assert_eq!(lines.check().unwrap_err().code(), "invalid_source_setting");
        for json in [
            "{}",
            r#"{"url": "example.edu/a"}"#,
            r#"{"url": "https://example.edu/a", "format": "yaml"}"#,
            r#"{"url": "https://example.edu/a", "records": "data"}"#,
            r#"{"url": "https://example.edu/a", "path": "/etc/passwd"}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}

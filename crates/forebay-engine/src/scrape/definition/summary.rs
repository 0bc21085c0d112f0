//! The stored form of a definition: all settings without secrets, and a digest of the settings that affect reading.
//!
//! **The rule of the parser version.** The database remembers the records of each page and does not read an unchanged
//! page again. That is valid only while the page would be read the same way. A new [`SourceDefinition::reading_hash`]
//! raises the source's parser version, and remembered pages are ignored from then on. Settings that decide where, when
//! and how fast to read are not part of the digest. Two spellings of the same setting give the same digest.

use forebay_domain::{
    breaker::{BreakerPolicy, FailureWeights},
    guards::GuardPolicy,
    hex,
};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{SourceDefinition, SourceKind};
use crate::human;

impl SourceDefinition {
    /// A digest of all settings that affect how records are read, in hexadecimal.
    pub fn reading_hash(&self) -> String {
        let reading = match &self.kind {
            SourceKind::Pages(kind) => kind.reading(),
            SourceKind::File(kind) => value(kind.reading()),
            SourceKind::Command(kind) => value(kind.reading()),
            SourceKind::Singer(kind) => value(kind.reading()),
            SourceKind::Postgres(kind) => value(kind.reading()),
        };
        let reading = json!([self.kind.as_str(), reading]);
        hex::encode(digest(&SHA256, reading.to_string().as_bytes()).as_ref())
    }

    /// Its settings under the names of the configuration, with the defaults filled in. Secrets are masked; the names of
    /// the variables and files that hold them stay.
    pub fn settings(&self) -> Value {
        let mut settings = json!({
            "entity": self.entity_type,
            "key": self.key_fields,
            "complete": self.complete,
            "require_end": self.require_end,
            "sequence": self.sequence_field,
            "guards": self.guards.enabled.then(|| guards(&self.guards)),
            "max_rejected": self.max_rejected_share,
            "max_rejected_kept": self.max_rejected_kept,
            "max_duration": self.max_duration.map(human::duration),
            "scopes": self.scopes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "breaker": breaker(&self.breaker),
            "fallback": self.fallback,
            "schedule": self.schedule.as_ref().map(ToString::to_string),
            "enabled": self.enabled,
        });
        if self.kind.is_fetched() {
            settings["fetch"] = value(&self.fetch);
        }
        if self.kind.is_crawled() {
            settings["crawl"] = value(&self.crawl);
        }
        let kind = match &self.kind {
            SourceKind::Pages(kind) => value(kind),
            SourceKind::File(kind) => json!({ "file": value(kind) }),
            SourceKind::Command(kind) => json!({ "command": value(kind) }),
            SourceKind::Singer(kind) => json!({ "singer": value(kind) }),
            SourceKind::Postgres(kind) => json!({ "postgres": value(kind) }),
        };
        if let (Value::Object(settings), Value::Object(kind)) = (&mut settings, kind) {
            settings.extend(kind.into_iter().map(|(name, table)| (name, without_nulls(table))));
        }
        settings
    }
}

/// A setting as JSON. Only a path that is not valid Unicode cannot be converted; it is left out.
fn value(setting: impl Serialize) -> Value {
    serde_json::to_value(setting).unwrap_or_default()
}

/// A table without the settings that are neither given nor have a default.
fn without_nulls(table: Value) -> Value {
    match table {
        Value::Object(members) => {
            let given = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(given.map(|(name, value)| (name, without_nulls(value))).collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn guards(policy: &GuardPolicy) -> Value {
    json!({ "max_removed": policy.max_removed_share, "max_changed": policy.max_changed_share })
}

fn breaker(policy: &BreakerPolicy) -> Value {
    let BreakerPolicy {
        window,
        window_time,
        min_calls,
        failure_rate,
        max_consecutive,
        wait,
        max_wait,
        jitter,
        probes,
        probe_lease,
        success_threshold,
        weights: FailureWeights { transient, throttled, permanent, zero_records, coverage_drop },
    } = policy;
    json!({
        "window": window,
        "window_time": format!("{window_time:#}"),
        "min_calls": min_calls,
        "failure_rate": failure_rate,
        "max_consecutive": max_consecutive.unwrap_or(0),
        "wait": format!("{wait:#}"),
        "max_wait": format!("{max_wait:#}"),
        "jitter": jitter,
        "probes": probes,
        "probe_lease": format!("{probe_lease:#}"),
        "success_threshold": success_threshold,
        "weights": {
            "transient": transient,
            "throttled": throttled,
            "permanent": permanent,
            "zero_records": zero_records,
            "coverage_drop": coverage_drop,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::{SourceDefinition, SourceKind};
    use forebay_sources::kinds::{Html, PageKind, PageReader, Sitemap};
    use serde_json::{Value, json};

    fn html(settings: Value, sitemap: Option<Value>) -> SourceDefinition {
        let html: Html = serde_json::from_value(settings).unwrap();
        let sitemap = sitemap.map(|sitemap| serde_json::from_value::<Sitemap>(sitemap).unwrap());
        let kind = PageKind::new(sitemap, PageReader::Html(html)).unwrap();
        SourceDefinition::new("courses", SourceKind::Pages(kind))
    }

    fn base() -> Value {
        json!({ "url": "https://a.example/", "items": "li", "fields": { "a": "b@href", "c": "d" } })
    }

    fn with(change: impl FnOnce(&mut Value)) -> Value {
        let mut settings = base();
        change(&mut settings);
        settings
    }

    #[test]
    fn only_settings_that_change_the_reading_change_the_digest() {
        let hash = html(base(), None).reading_hash();
        for same in [
            with(|it| it["url"] = json!("https://a.example/other")),
            with(|it| it["allow_hosts"] = json!([])),
            with(|it| it["fields"]["a"] = json!({ "select": "b", "attribute": "HREF" })),
            with(|it| it["fields"]["c"] = json!({ "select": "d", "list": false })),
        ] {
            assert_eq!(html(same.clone(), None).reading_hash(), hash, "{same}");
        }
        let mut other = html(base(), None);
        other.fetch.retries = 9;
        other.crawl.max_pages = 5;
        other.fallback = vec!["b".to_owned()];
        assert_eq!(other.reading_hash(), hash);
        for changed in [
            with(|it| it["items"] = json!("li.x")),
            with(|it| it["fields"]["a"] = json!("b")),
            with(|it| it["fields"]["e"] = json!("f")),
            with(|it| it["fields"]["c"] = json!({ "select": "d", "required": true })),
            with(|it| it["next"] = json!("a.next")),
        ] {
            assert_ne!(html(changed.clone(), None).reading_hash(), hash, "{changed}");
        }
        let mut without_url = base();
        without_url.as_object_mut().unwrap().remove("url");
        let sitemap = |include: &str| Some(json!({ "url": "https://a.example/x", "include": [include] }));
        let by_sitemap = html(without_url.clone(), sitemap("/a/*")).reading_hash();
        assert_ne!(by_sitemap, hash);
        assert_ne!(html(without_url, sitemap("/b/*")).reading_hash(), by_sitemap);
    }

    #[test]
    fn settings_are_complete_and_without_secrets() {
        let mut source = html(base(), None);
        source.fetch = serde_json::from_value(json!({
            "headers": { "authorization": "Bearer hush", "x-token": { "env": "TOKEN" } }, "timeout": "90s",
        }))
        .unwrap();
        let settings = source.settings();
        assert!(!settings.to_string().contains("hush"), "{settings}");
        let complete = with(|it| {
            it["url"] = json!([it["url"]]);
            it["allow_hosts"] = json!([]);
        });
        assert_eq!(settings["html"], complete);
        assert_eq!(
            settings["fetch"]["headers"],
            json!({ "authorization": "***", "x-token": { "env": "TOKEN" } })
        );
        assert_eq!(settings["fetch"]["timeout"], "1m 30s");
        assert_eq!(settings["breaker"]["wait"], "30s");
    }
}

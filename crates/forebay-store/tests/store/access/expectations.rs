//! What each role may do with each table, view and function.

use tokio_postgres::{Client, error::SqlState};

use super::lab::Lab;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Actor {
    Anon,
    Authenticated,
    Admin,
    Service,
    Reader,
    Worker,
}

/// What a table or view contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Rows that authenticated roles see once their source is published.
    Published,
    /// Rows that only roles see that read everything.
    Internal,
    /// Rows that only the service role sees.
    Secret,
    /// What only roles see that read everything, and it can't be written: a view.
    View,
    /// A view of what is published, the same for all roles that read an API.
    Api,
    /// A view that only views of the API read, and the service role.
    Private,
}

impl Content {
    pub(super) fn is_view(self) -> bool {
        matches!(self, Self::View | Self::Api | Self::Private)
    }
}

/// Who may call a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callers {
    /// All roles but anon: it reads no table.
    Everybody,
    /// Roles that read.
    Readers,
    /// Workers and the service role.
    Workers,
    /// The service role.
    Service,
    /// It is called by a policy or a view.
    Policies,
}

pub(super) const ACTORS: [Actor; 6] =
    [Actor::Anon, Actor::Authenticated, Actor::Admin, Actor::Service, Actor::Reader, Actor::Worker];

/// The tables and views of schema `forebay`, and with their schema those of the others. Partitions are closed.
pub(super) const TABLES: &[(&str, Content)] = &[
    ("api_requests", Content::Secret),
    ("api_tokens", Content::Secret),
    ("circuit_breaker_state", Content::Internal),
    ("circuit_breaker_transitions", Content::Internal),
    ("conservation_findings", Content::Internal),
    ("content_performance", Content::Internal),
    ("content_pieces", Content::Internal),
    ("content_tags", Content::Internal),
    ("course_lessons", Content::Internal),
    ("course_metadata", Content::Internal),
    ("curriculum_approvals", Content::Internal),
    ("document_chunks", Content::Internal),
    ("document_embeddings", Content::Internal),
    ("documents", Content::Internal),
    ("entity_views", Content::Internal),
    ("failure_policies", Content::Internal),
    ("handoff_counts", Content::View),
    ("handoff_status", Content::View),
    ("handoffs", Content::View),
    ("http_validators", Content::Internal),
    ("ingestion_attempts", Content::Internal),
    ("ingestion_claims", Content::Internal),
    ("ingestion_cursors", Content::Internal),
    ("ingestion_deliveries", Content::Internal),
    ("ingestion_handoffs", Content::Internal),
    ("ingestion_limits", Content::Internal),
    ("ingestion_outcomes", Content::Internal),
    ("maintenance", Content::Internal),
    ("market_research", Content::Internal),
    ("notifications", Content::Internal),
    ("notifier_alerts", Content::Internal),
    ("notifiers", Content::Internal),
    ("operator_actions", Content::Internal),
    ("pipelines", Content::Internal),
    ("profiles", Content::Internal),
    ("reference_aliases", Content::Internal),
    ("reference_revisions", Content::Published),
    ("references", Content::Published),
    ("rejected_records", Content::Internal),
    ("released_changes", Content::Internal),
    ("run_ends", Content::Internal),
    ("schema_migrations", Content::Internal),
    ("scope_leases", Content::Internal),
    ("scrape_logs", Content::Internal),
    ("scrape_run_changes", Content::Internal),
    ("scrape_run_drift", Content::Internal),
    ("scrape_run_fields", Content::Internal),
    ("scrape_runs", Content::Internal),
    ("source_schedules", Content::Internal),
    ("source_states", Content::Internal),
    ("sources", Content::Internal),
    ("sync_metadata", Content::Internal),
    ("workers", Content::Internal),
    ("forebay_api.freshness", Content::Api),
    ("forebay_api.references", Content::Api),
    ("forebay_api.revisions", Content::Api),
    ("forebay_api.runs", Content::Api),
    ("forebay_api.sources", Content::Api),
    ("forebay_private.published_aliases", Content::Private),
    ("forebay_private.published_run_fields", Content::Private),
    ("forebay_private.published_runs", Content::Private),
    ("forebay_private.published_sources", Content::Private),
    ("forebay_private.published_syncs", Content::Private),
];

/// The functions of the schemas, of `forebay_private` only those that others than the service role may call.
pub(super) const FUNCTIONS: &[(&str, Callers)] = &[
    ("begin_sync", Callers::Service),
    ("claim_jobs", Callers::Workers),
    ("complete_jobs", Callers::Workers),
    ("end_sync", Callers::Service),
    ("enqueue", Callers::Service),
    ("fail_jobs", Callers::Workers),
    ("find_reference", Callers::Readers),
    ("fold_text", Callers::Everybody),
    ("handoffs", Callers::Readers),
    ("handoffs_of", Callers::Readers),
    ("heartbeat_jobs", Callers::Workers),
    ("pipeline", Callers::Readers),
    ("reference", Callers::Readers),
    ("reference_at", Callers::Readers),
    ("reference_id", Callers::Everybody),
    ("release_jobs", Callers::Workers),
    ("revisions", Callers::Readers),
    ("run", Callers::Readers),
    ("scope_of", Callers::Everybody),
    ("search_logs", Callers::Readers),
    ("scope_text", Callers::Everybody),
    ("source", Callers::Readers),
    ("source_at", Callers::Readers),
    ("source_names", Callers::Policies),
    ("try_boolean", Callers::Everybody),
    ("try_date", Callers::Everybody),
    ("try_integer", Callers::Everybody),
    ("try_number", Callers::Everybody),
    ("try_text", Callers::Everybody),
    ("try_timestamp", Callers::Everybody),
    ("try_url", Callers::Everybody),
    ("try_uuid", Callers::Everybody),
    ("visible_sources", Callers::Policies),
];

impl Actor {
    pub(super) fn role(self) -> &'static str {
        match self {
            Self::Anon => "anon",
            Self::Authenticated | Self::Admin => "authenticated",
            Self::Service => "service_role",
            Self::Reader => "forebay_reader",
            Self::Worker => "forebay_worker",
        }
    }

    /// The claims of its JWT.
    pub(super) fn claims(self) -> String {
        let metadata = if self == Self::Admin { r#", "app_metadata": {"role": "admin"}"# } else { "" };
        // What a user can write itself must not count.
        format!(r#"{{"role": "{}", "user_metadata": {{"role": "admin"}}{metadata}}}"#, self.role())
    }

    /// What `PostgREST` does at the start of a request's transaction.
    pub(super) fn settings(self) -> String {
        format!("set local role {}; set local request.jwt.claims = '{}'", self.role(), self.claims())
    }

    /// Whether it sees rows of a table; `None`: it is refused.
    pub(super) fn sees(self, content: Content) -> Option<bool> {
        match self {
            Self::Anon | Self::Worker => None,
            Self::Authenticated | Self::Admin | Self::Reader
                if matches!(content, Content::Private | Content::Secret) =>
            {
                None
            }
            Self::Authenticated => Some(matches!(content, Content::Published | Content::Api)),
            Self::Admin | Self::Service | Self::Reader => Some(true),
        }
    }

    /// Whether it reads what is published.
    fn reads_api(self) -> bool {
        !matches!(self, Self::Anon | Self::Worker)
    }

    pub(super) fn writes(self, content: Content) -> bool {
        self == Self::Service && !content.is_view()
    }

    pub(super) fn calls(self, callers: Callers) -> bool {
        match callers {
            Callers::Everybody => self != Self::Anon,
            Callers::Readers | Callers::Policies => self.reads_api(),
            Callers::Workers => matches!(self, Self::Service | Self::Worker),
            Callers::Service => self == Self::Service,
        }
    }
}

/// What came of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// Refused for lack of a right or policy.
    Refused,
    /// Failed for another reason, so the right was there.
    Failed(SqlState),
    /// Number of rows, read or written.
    Rows(i64),
}

/// A table, view or partition, with a column that can be written.
pub(super) struct Relation {
    /// As in [`TABLES`].
    pub(super) name: String,
    /// With its schema, quoted.
    quoted: String,
    pub(super) column: String,
    pub(super) is_partition: bool,
    /// The time by which it is partitioned.
    key: Option<String>,
    num_rows: i64,
}

const RELATIONS: &str = "
    select case n.nspname when 'forebay' then '' else n.nspname || '.' end || c.relname, c.relispartition, (
            select a.attname::text from pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attidentity = '' and a.attgenerated = ''
            order by a.attnum limit 1),
        substring(pg_get_partkeydef(c.oid) from '[(](.*)[)]'), format('%I.%I', n.nspname, c.relname)
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('forebay', 'forebay_private', 'forebay_api') and c.relkind in ('r', 'p', 'v', 'm', 'f')
    order by 1";

/// Each function with a call of it.
const CALLS: &str = "
    select f.oid::oid, f.proname::text, n.nspname <> 'forebay_private', f.oid::regprocedure::text,
        format('select %s(%s)', f.oid::regproc, (
            select string_agg(format('null::%s', format_type(a.argument, null)), ', ' order by a.ord)
            from unnest(f.proargtypes) with ordinality as a (argument, ord)))
    from pg_proc as f join pg_namespace as n on n.oid = f.pronamespace
    where n.nspname in ('forebay', 'forebay_private', 'forebay_api') and f.prorettype <> 'trigger'::regtype
    order by 1";

pub(super) async fn relations(lab: &Lab) -> Vec<Relation> {
    let mut found = Vec::new();
    for row in lab.admin.query(RELATIONS, &[]).await.unwrap() {
        let quoted: String = row.get(4);
        let count = format!("select count(*) from {quoted}");
        let num_rows = lab.admin.query_one(&count, &[]).await.unwrap().get(0);
        found.push(Relation {
            name: row.get(0),
            quoted,
            column: row.get(2),
            is_partition: row.get(1),
            key: row.get(3),
            num_rows,
        });
    }
    found
}

/// The expectation for a table or view; `None`: it is a partition.
pub(super) fn content(relation: &Relation) -> Option<Content> {
    if relation.is_partition {
        return None;
    }
    let found = TABLES.iter().find(|(name, _)| *name == relation.name);
    let (_, content) =
        found.unwrap_or_else(|| panic!("{} is new: who may read and write it?", relation.name));
    Some(*content)
}

fn is_private(content: Option<Content>) -> bool {
    content == Some(Content::Private)
}

async fn outcome(client: &Client, statement: &str) -> Outcome {
    client.batch_execute("savepoint tried").await.unwrap();
    let answered = client.query_one(statement, &[]).await;
    client.batch_execute("rollback to savepoint tried").await.unwrap();
    match answered {
        Ok(row) => Outcome::Rows(row.get(0)),
        Err(error) => match error.code() {
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Outcome::Refused,
            code => Outcome::Failed(code.unwrap_or_else(|| panic!("{statement}: {error}")).clone()),
        },
    }
}

async fn is_refused(client: &Client, call: &str) -> bool {
    client.batch_execute("savepoint called").await.unwrap();
    let called = client.batch_execute(call).await;
    client.batch_execute("rollback to savepoint called").await.unwrap();
    called.is_err_and(|error| error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE))
}

/// Selecting, and the three ways of writing.
async fn tried(client: &Client, relation: &Relation) -> (Outcome, Vec<(String, Outcome)>) {
    let (name, column) = (&relation.quoted, format!("\"{}\"", relation.column));
    let read = outcome(client, &format!("select count(*) from {name}")).await;
    let row = match &relation.key {
        Some(key) => format!("({key}) values (now())"),
        None => "default values".to_owned(),
    };
    let mut writes = Vec::new();
    for statement in [
        format!("insert into {name} {row} returning 1"),
        format!("update {name} set {column} = {column} returning 1"),
        format!("delete from {name} returning 1"),
    ] {
        let counted = format!("with written as ({statement}) select count(*) from written");
        writes.push((statement, outcome(client, &counted).await));
    }
    (read, writes)
}

/// Tries everything as every role, and compares.
pub(super) async fn check(lab: &Lab) {
    let relations = relations(lab).await;
    for (name, _) in TABLES {
        assert!(relations.iter().any(|relation| relation.name == *name), "{name} is gone");
    }
    let mut wrong = Vec::new();
    for actor in ACTORS {
        lab.admin.batch_execute(&format!("begin; {}", actor.settings())).await.unwrap();
        for relation in &relations {
            let content = content(relation);
            let (read, writes) = tried(&lab.admin, relation).await;
            let Relation { name, num_rows, .. } = relation;
            let is_view = content.is_some_and(Content::is_view);
            assert!(
                *num_rows > 0 || content == Some(Content::View),
                "{name} has no row that could be kept from a role"
            );
            let may_read = match (content.and_then(|content| actor.sees(content)), &read) {
                (None, Outcome::Refused) | (Some(false), Outcome::Rows(0)) => true,
                (Some(true), Outcome::Rows(seen))
                    if actor == Actor::Authenticated && content != Some(Content::Api) =>
                {
                    (1..*num_rows).contains(seen)
                }
                (Some(true), Outcome::Rows(seen)) => seen == num_rows,
                // Default privileges may have opened the schema; the views show what is published.
                (None, Outcome::Rows(seen)) => actor.reads_api() && is_private(content) && seen == num_rows,
                _ => false,
            };
            if !may_read {
                wrong.push(format!("{actor:?} selects from {name} ({num_rows} rows): {read:?}"));
            }
            let may_write = content.is_some_and(|content| actor.writes(content));
            for (statement, written) in writes {
                let is_fine = match (&written, may_write) {
                    (Outcome::Refused, false) | (Outcome::Failed(_) | Outcome::Rows(1..), true) => true,
                    // Only a simple view can be written at all.
                    (Outcome::Failed(_), false) => is_view,
                    _ => false,
                };
                if !is_fine {
                    wrong.push(format!("{actor:?}: {statement}: {written:?}"));
                }
            }
        }
        check_functions(lab, actor, &mut wrong).await;
        lab.admin.batch_execute("rollback").await.unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// As the actor, in its transaction.
async fn check_functions(lab: &Lab, actor: Actor, wrong: &mut Vec<String>) {
    for row in lab.admin.query(CALLS, &[]).await.unwrap() {
        let (oid, name, is_public): (u32, &str, bool) = (row.get(0), row.get(1), row.get(2));
        let (signature, call): (&str, &str) = (row.get(3), row.get(4));
        let expected = FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, callers)| *callers);
        let callers = match expected {
            Some(callers) if is_public || callers == Callers::Policies => callers,
            _ if is_public => panic!("{name} is new: who may call it?"),
            _ => Callers::Service,
        };
        let right = format!("select has_function_privilege('{}', {oid}, 'execute')", actor.role());
        let has_right: bool = lab.admin.query_one(&right, &[]).await.unwrap().get(0);
        let may = actor.calls(callers);
        // What is refused inside of a function looks the same as the function that is refused, so only the right counts
        // where it is there.
        let is_refused = is_refused(&lab.admin, call).await;
        // A strict function may be folded to null without being called.
        let must_be_refused = !may && callers != Callers::Everybody;
        if has_right != may || (must_be_refused && !is_refused) || (may && is_public && is_refused) {
            wrong.push(format!("{actor:?} calls {signature}: right {has_right}, refused {is_refused}"));
        }
    }
}

/// Tries everything as the roles of an API that have every right, and compares: they see and change nothing that is not
/// published.
pub(super) async fn check_harmless(lab: &Lab) {
    let relations = relations(lab).await;
    let mut wrong = Vec::new();
    for actor in [Actor::Anon, Actor::Authenticated] {
        lab.admin.batch_execute(&format!("begin; {}", actor.settings())).await.unwrap();
        for relation in &relations {
            let (read, writes) = tried(&lab.admin, relation).await;
            let content_of = content(relation);
            let sees_some = content_of.and_then(|content| actor.sees(content)) == Some(true)
                || (actor.reads_api() && is_private(content_of));
            if !sees_some && !matches!(read, Outcome::Refused | Outcome::Rows(0)) {
                wrong.push(format!("{actor:?} selects from {}: {read:?}", relation.name));
            }
            for (statement, written) in writes {
                // A view can fail because it can't be written at all.
                let is_view = content_of.is_some_and(Content::is_view);
                if !matches!(written, Outcome::Refused | Outcome::Rows(0)) && !is_view {
                    wrong.push(format!("{actor:?}: {statement}: {written:?}"));
                }
            }
        }
        for call in [
            "select count(*) from forebay.claim_jobs('index')",
            "select forebay.enqueue('documents', array[forebay.reference_id('closed', 'hidden')])",
            "select count(*) from forebay.source_at('closed', now())",
        ] {
            let answered = outcome(&lab.admin, call).await;
            if matches!(answered, Outcome::Rows(1..)) {
                wrong.push(format!("{actor:?}: {call}: {answered:?}"));
            }
        }
        lab.admin.batch_execute("rollback").await.unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! The queries that users and Forebay make often. Each names the indexes that it must use and how many pages it may
//! read.
//!
//! To add an index, add the query that needs it here; `docs/reference/indexes.md` is made from this list.

use super::query::Query;

/// The query of `forebay.search_logs`; a plan shows a call as one step.
const SEARCH_LOGS: &str = "
    select l.*
    from (
        select l.*
        from forebay.scrape_logs as l
        where l.logged_at >= $2 and l.logged_at < $3
            and to_tsvector('pg_catalog.simple', left(l.message, 10000)) @@ $5::tsquery
        order by l.logged_at desc, l.log_id desc
        offset 0) as l
    where l.message ~* all ($6) and to_tsvector('pg_catalog.simple', left(l.message, 10000)) @@ $1::tsquery
    limit $4";

pub(super) const QUERIES: &[Query] = &[
    Query::sql(
        "a record by its key",
        "select * from forebay.\"references\" where reference_id = forebay.reference_id('s7', '7')",
        &["references_pkey"],
        10,
    ),
    Query::sql(
        "a record by a key that it got in a re-key",
        "select r.* from forebay.reference_aliases as a join forebay.\"references\" as r using (reference_id) \
         where a.alias_id = forebay.reference_id('s7', '7')",
        &["reference_aliases_pkey"],
        10,
    ),
    Query::sql(
        "the active records of a type",
        "select * from forebay.\"references\" where removed_at is null \
         and source_id = any (array(select source_id from forebay.sources where entity_type = 't7'))",
        &["references_active_by_scope"],
        5_000,
    ),
    Query::sql(
        "the active records of a scope",
        "select * from forebay.\"references\" where source_id = 7 and scope = 'part=7' and removed_at is null",
        &["references_active_by_scope"],
        300,
    ),
    Query::forebay(
        "how many active records a scope has",
        "forebay ensure",
        (include_str!("../../../src/references/count_in_scopes.sql"), "'{t7}', '{part=7}'"),
        &["references_active_by_scope"],
        20,
    ),
    Query::forebay(
        "a source with its totals",
        "the dashboard, `forebay sources`",
        (include_str!("../../../src/sources/totals.sql"), "7, 10000"),
        &["references_active_by_scope", "references_removed", "scrape_runs_by_time", "reference_aliases_by_source"],
        40,
    ),
    Query::forebay(
        "which of these records are stored with this content",
        "forebay persist",
        (
            include_str!("../../../src/references/probe.sql"),
            "array[forebay.reference_id('s7', '1'), forebay.reference_id('s7', '2')], array[sha256('x'), sha256('y')], ''",
        ),
        &["references_pkey"],
        20,
    ),
    Query::sql(
        "what a run added",
        "select * from forebay.\"references\" where first_seen_run_id = 77",
        &["references_by_first_run"],
        60,
    ),
    Query::sql(
        "what a run withholds or has staged",
        "select * from forebay.scrape_run_changes where run_id = 167",
        &["scrape_run_changes_pkey"],
        15,
    ),
    Query::forebay(
        "the records that contain these words",
        "forebay search",
        (
            include_str!("../../../src/documents/search.sql"),
            "'lesson topic42 w42', 10, null, null, null, null, 'english', null",
        ),
        &["document_chunks_search", "documents_language", "references_pkey"],
        900,
    ),
    Query::sql(
        "the changes of a record",
        "select * from forebay.reference_revisions where reference_id = forebay.reference_id('s7', '7') \
         order by changed_at",
        &["reference_revisions_pkey"],
        40,
    )
    .ordered(),
    Query::forebay(
        "the history of a record, newest first",
        "forebay history",
        (
            include_str!("../../../src/timeline/revisions.sql"),
            "forebay.reference_id('s7', '7'), null, 9223372036854775807, '', '', 10, 100",
        ),
        &["reference_revisions_pkey"],
        40,
    )
    .ordered(),
    Query::sql(
        "the changes of a period",
        "select * from forebay.reference_revisions where changed_at >= '2026-01-06' and changed_at < '2026-01-06 01:00'",
        &["reference_revisions_by_time"],
        600,
    ),
    Query::sql(
        "what a run changed",
        "select * from forebay.reference_revisions where scrape_run_id = 77",
        &["reference_revisions_by_run"],
        200,
    ),
    Query::forebay(
        "the changes after a cursor",
        "forebay changes",
        (include_str!("../../../src/timeline/stream.sql"), "100, 'ffffffff-ffff-ffff-ffff-ffffffffffff', null, null, 100"),
        &["run_ends_pkey", "references_by_first_run", "reference_revisions_by_run"],
        2_500,
    ),
    Query::forebay(
        "the position in the changes at a time",
        "forebay changes --since TIME",
        (forebay_store::timeline::SINCE, "'2026-01-20'"),
        &["run_ends_by_time"],
        10,
    )
    .ordered(),
    Query::sql(
        "the runs of a source by time",
        "select * from forebay.scrape_runs where source_id = 7 order by started_at desc limit 20",
        &["scrape_runs_by_time"],
        40,
    )
    .ordered(),
    Query::sql(
        "the metrics of a source over time",
        "select r.started_at, r.num_seen, r.duration_ms, f.coverage from forebay.scrape_runs as r \
         join forebay.scrape_run_fields as f using (run_id) \
         where r.source_id = 7 and r.started_at >= '2026-03-10' and f.field_name = 'title' order by r.started_at",
        &["scrape_runs_by_time", "scrape_run_fields_pkey"],
        150,
    ),
    Query::sql(
        "the latest run of a scope",
        "select * from forebay.scrape_runs where source_id = 7 and scope = 'part=7' order by run_id desc limit 1",
        &["scrape_runs_by_scope"],
        10,
    )
    .ordered(),
    Query::forebay(
        "the runs of a scope that guards learn from",
        "forebay persist",
        (include_str!("../../../src/runs/history.sql"), "7, 'part=7', 50, 10"),
        &["scrape_runs_by_scope", "scrape_run_fields_pkey"],
        200,
    ),
    Query::forebay(
        "the runs whose process died",
        "forebay work",
        (include_str!("../../../src/runs/dead.sql"), ""),
        &["scrape_runs_one_running"],
        10,
    ),
    Query::forebay(
        "the newest runs",
        "forebay runs list",
        (include_str!("../../../src/runs/list.sql"), "null, null, null, 20, null, null"),
        &["scrape_runs_pkey", "scrape_run_fields_pkey"],
        200,
    ),
    Query::sql(
        "the field coverage of a run",
        "select * from forebay.scrape_run_fields where run_id = 77",
        &["scrape_run_fields_pkey"],
        10,
    ),
    Query::sql(
        "the rejected records of a run",
        "select * from forebay.rejected_records where run_id = 77",
        &["rejected_records_by_run"],
        15,
    ),
    Query::sql(
        "the log of a run",
        "select * from forebay.scrape_logs where run_id = 77 order by log_id",
        &["scrape_logs_pkey"],
        20,
    ),
    Query::sql(
        "the warnings and errors of a run",
        "select * from forebay.scrape_logs where run_id = 77 and level in ('warn', 'error') order by log_id",
        &["scrape_logs_problems"],
        30,
    ),
    Query::sql(
        "the newest log lines of all runs",
        "select * from forebay.scrape_logs order by logged_at desc, log_id desc limit 100",
        &["scrape_logs_by_time"],
        20,
    )
    .ordered(),
    Query::forebay(
        "the log lines of all runs with rare words",
        "select * from forebay.search_logs('page77 part', '2026-01-01')",
        (SEARCH_LOGS, "'page77 & part', '2026-01-01', 'infinity', 100, 'page77 & part', '{}'::text[]"),
        &["scrape_logs_words"],
        50,
    ),
    Query::forebay(
        "the log lines of all runs with a phrase",
        "select * from forebay.search_logs('\"page77 in part\"', '2026-01-01')",
        (
            SEARCH_LOGS,
            "$$'page77' <-> 'in' <-> 'part'$$, '2026-01-01', 'infinity', 100, 'page77 & in & part', \
             '{page77[^a-z0-9]+in[^a-z0-9]+part}'",
        ),
        &["scrape_logs_words"],
        50,
    ),
    Query::forebay(
        "the log lines of all runs with frequent words",
        "select * from forebay.search_logs('fetched', '2026-01-01')",
        (SEARCH_LOGS, "'fetched', '2026-01-01', 'infinity', 100, 'fetched', '{}'::text[]"),
        &["scrape_logs_by_time"],
        15,
    )
    .ordered(),
    Query::forebay(
        "the pipelines with due hand-offs",
        "forebay work",
        (include_str!("../../../src/jobs/due.sql"), ""),
        &["ingestion_handoffs_queue"],
        600,
    ),
    Query::forebay(
        "the next hand-offs of a pipeline",
        "forebay work",
        (include_str!("../../../src/jobs/take.sql"), "1, '{0}', '{7}', '{-infinity}', '{00000000-0000-0000-0000-000000000000}', 100"),
        &["ingestion_handoffs_queue"],
        900,
    )
    .ordered(),
    Query::sql(
        "how many hand-offs a pipeline has waiting",
        "select count(*) from forebay.ingestion_handoffs where pipeline_id = 2 and state <> 'held'",
        &["ingestion_handoffs_queue"],
        100,
    ),
    Query::sql(
        "the hand-offs of a record",
        "select * from forebay.handoffs where reference_id = forebay.reference_id('s7', '8')",
        &["ingestion_handoffs_pkey", "ingestion_outcomes_pkey"],
        25,
    ),
    Query::forebay(
        "the unresolved hand-offs of each pipeline by state",
        "the dashboard, `/metrics`",
        (include_str!("../../../src/handoffs/board.sql"), "100"),
        &["ingestion_handoffs_queue", "ingestion_handoffs_held", "ingestion_outcomes_failed"],
        400,
    ),
    Query::forebay(
        "the failed hand-offs by cause",
        "the dashboard",
        (include_str!("../../../src/handoffs/causes.sql"), "10001"),
        &["ingestion_outcomes_failed"],
        40,
    ),
    Query::sql(
        "the failed attempts of a hand-off",
        "select * from forebay.ingestion_attempts where reference_id = forebay.reference_id('s7', '5') and pipeline_id = 1",
        &["ingestion_attempts_pkey"],
        10,
    ),
    Query::sql(
        "the failed attempts of a pipeline",
        "select * from forebay.ingestion_attempts where pipeline_id = 2 and failed_at > now() - interval '1 hour'",
        &["ingestion_attempts_by_pipeline"],
        40,
    ),
    Query::sql(
        "how many hand-offs of a pipeline succeeded recently",
        "select count(*) from forebay.ingestion_outcomes \
             where pipeline_id = 1 and state = 'succeeded' and finished_at > '2026-03-11'",
        &["ingestion_outcomes_by_time"],
        100,
    ),
    Query::sql(
        "the runs that were held lately",
        "select run_id from forebay.scrape_runs where status = 'held' and ended_at > '2026-03-01'",
        &["scrape_runs_held"],
        10,
    ),
    Query::sql(
        "the notification that is sent next",
        "select notification_id, content from forebay.notifications \
             where notifier_id = 1 and settled_at is null order by created_at, notification_id limit 1",
        &["notifications_by_notifier"],
        10,
    ),
    Query::sql(
        "the deliveries of a hand-off",
        "select * from forebay.ingestion_deliveries where reference_id = forebay.reference_id('s7', '7')",
        &["ingestion_deliveries_pkey"],
        10,
    ),
    Query::forebay(
        "the newest deliveries",
        "forebay handoffs deliveries",
        (include_str!("../../../src/deliveries/list.sql"), "null, null, false, null, null, null, 20"),
        &["ingestion_deliveries_by_time"],
        200,
    )
    .ordered(),
    Query::sql(
        "when a scope was last synced",
        "select * from forebay.sync_metadata where entity_type = 't7' and scope = 'part=7'",
        &["sync_metadata_pkey"],
        10,
    ),
    Query::forebay(
        "the stored validators of pages",
        "forebay scrape",
        (include_str!("../../../src/pages/find.sql"), "7, 1, array[sha256('8'), sha256('12')], 'part=7'"),
        &["http_validators_pkey"],
        30,
    ),
    Query::sql(
        "the pages that were read longest ago",
        "select * from forebay.http_validators order by fetched_at limit 100",
        &["http_validators_by_age"],
        300,
    )
    .ordered(),
    Query::sql(
        "the re-keyed records of a source",
        "select * from forebay.reference_aliases where source_id = 10",
        &["reference_aliases_by_source"],
        100,
    ),
    Query::sql(
        "the records that a run re-keyed",
        "select * from forebay.reference_aliases where run_id = 70",
        &["reference_aliases_by_run"],
        60,
    ),
    Query::sql(
        "a course by its source",
        "select * from forebay.content_pieces where source_id = 7",
        &["content_pieces_source_id"],
        10,
    ),
    Query::sql(
        "the courses of a persona",
        "select * from forebay.content_pieces where persona_mind_id = 'mind-7'",
        &["content_pieces_persona_mind_id"],
        100,
    ),
    Query::sql(
        "the courses with a keyword",
        "select * from forebay.content_pieces where keywords @> array['topic-7']",
        &["content_pieces_keywords"],
        100,
    ),
    Query::sql(
        "the lessons of a course in order",
        "select * from forebay.course_lessons where piece_id = 7 order by module_number, lesson_number",
        &["course_lessons_number_key"],
        15,
    ),
    Query::sql(
        "a lesson by its file",
        "select * from forebay.course_lessons where piece_id = 7 and file_path = 'lessons/7.md'",
        &["course_lessons_file_path"],
        10,
    ),
    Query::sql(
        "the lessons about a concept",
        "select * from forebay.course_lessons where key_concepts @> array['concept-7']",
        &["course_lessons_key_concepts"],
        20,
    ),
    Query::forebay(
        "the lessons that contain these words",
        "forebay content search",
        (include_str!("../../../src/content/search.sql"), "'concept7', 'p', null, null, null, 20"),
        &["course_lessons_search"],
        30,
    ),
    Query::sql(
        "a measurement of a course over time",
        "select * from forebay.content_performance where piece_id = 7 and metric = 'views' \
         and recorded_at >= '2026-02-01' order by recorded_at",
        &["content_performance_pkey"],
        20,
    )
    .ordered(),
    Query::forebay(
        "what operators did about a run",
        "the timeline of a run",
        (include_str!("../../../src/actions/list.sql"), "null, null, null, 'run', '77', null, null, 21"),
        &["operator_actions_target"],
        40,
    )
    .ordered(),
    Query::forebay(
        "what operators did about a source",
        "forebay actions --source",
        (include_str!("../../../src/actions/list.sql"), "'s7', null, null, null, null, null, null, 21"),
        &["operator_actions_source"],
        30,
    )
    .ordered(),
];

//! A database with enough rows that the planner has a choice.

use tokio_postgres::Client;

/// 100,000 references of 40 sources in 400 scopes, their history, hand-offs, documents and logs. Rows of one source or
/// run lie together, as they do when runs write them.
const ROWS: &[&str] = &[
    "select forebay_private.ensure_month(t.name, m.month)
        from unnest('{reference_revisions, scrape_logs, content_performance}'::text[]) as t (name),
            unnest('{2026-01-01, 2026-02-01, 2026-03-01}'::timestamptz[]) as m (month)",
    "insert into forebay.sources (name, entity_type, key_fields)
        select 's' || n, 't' || n % 20, '{id}' from generate_series(1, 40) as n",
    "insert into forebay.pipelines (name, handler) values ('other', 'external')",
    // 100 runs of each source, a scope in turn.
    "insert into forebay.scrape_runs (source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at,
            started_at, ended_at, num_seen, num_added, num_updated)
        select s.source_id, 'part=' || n % 10, 'complete', true, true, 'persist', '-', t.at, t.at, t.at, 25, 25, 25
        from generate_series(1, 100) as n
        cross join lateral (select '2026-01-01'::timestamptz + n * interval '20 hours' as at) as t
        cross join forebay.sources as s",
    "insert into forebay.run_ends (run_id, ended_at) select run_id, ended_at from forebay.scrape_runs order by run_id",
    "insert into forebay.scrape_run_fields (run_id, field_name, num_present, coverage)
        select run_id, f.name, 25, 1
        from forebay.scrape_runs, unnest('{id, title, room, price, url}'::text[]) as f (name)",
    "insert into forebay.rejected_records (run_id, input, reason_code, message, raw_text, raw_length)
        select run_id, '-', 'invalid_json', 'line ' || n, repeat('x', 100), 100
        from forebay.scrape_runs, generate_series(1, 5) as n",
    "insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, removed_at,
            first_seen_run_id, scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
        select forebay.reference_id(s.name, k.record_key), '2026-01-01', '2026-03-15', '2026-03-15',
            case when n % 20 = 0 then '2026-03-20'::timestamptz end, r.run_id, r.run_id, s.source_id, 2, sha256('x'),
            s.entity_type, 'part=' || n % 10, k.record_key, jsonb_build_object('id', n, 'title', repeat('x', 200))
        from forebay.sources as s
        cross join generate_series(1, 2500) as n
        cross join lateral (select n::text as record_key, (n % 100) * 40 + s.source_id as run_id) as k
        join forebay.scrape_runs as r on r.run_id = k.run_id
        order by s.source_id, n",
    "insert into forebay.reference_revisions (reference_id, changed_at, scrape_run_id, version, change, field_name)
        select reference_id, '2026-01-05'::timestamptz + m * interval '30 days' + first_seen_run_id * interval '3 minutes',
            first_seen_run_id, m + 2, 'updated', 'title'
        from forebay.\"references\", generate_series(0, 2) as m",
    "insert into forebay.reference_aliases (alias_id, reference_id, source_id, record_key, run_id)
        select forebay.reference_id('alias', reference_id::text), reference_id, source_id, record_key, first_seen_run_id
        from forebay.\"references\" where first_seen_run_id % 10 = 0",
    "insert into forebay.operator_actions (acted_at, action, target_kind, target, source_name, num_touched, actor_name,
            actor_role, skin)
        select '2026-01-01'::timestamptz + n * interval '5 minutes', 'run_released', 'run', (n % 1000)::text,
            's' || n % 40, 25, 'ada', 'operator', 'cli'
        from generate_series(1, 20000) as n",
    "insert into forebay.scrape_run_changes (run_id, reference_id, change, missing_since, num_missing_runs)
        select first_seen_run_id, reference_id, 'removed', now(), 1
        from forebay.\"references\" where record_key::int % 4 = 0",
    "insert into forebay.ingestion_handoffs (pipeline_id, reference_id, source_id, payload_hash)
        select 1, reference_id, source_id, version_hash from forebay.\"references\" where record_key::int % 2 = 0
        union all
        select 2, reference_id, source_id, version_hash from forebay.\"references\" where source_id = 40",
    "insert into forebay.ingestion_outcomes (reference_id, pipeline_id, payload_hash, version, generation, state, change,
            reason_code, enqueued_at, finished_at)
        select reference_id, 1, sha256('y'), 1, 1, case when record_key::int % 50 = 0 then 'failed' else 'succeeded' end, 'added',
            'added', now(),
            '2026-01-01'::timestamptz + row_number() over (order by source_id, record_key::int) * interval '1 minute'
        from forebay.\"references\" order by source_id, record_key::int",
    "insert into forebay.notifiers (name, kind) values ('ops', 'webhook')",
    "insert into forebay.notifications (notifier_id, created_at, settled_at, state, content)
        select notifier_id, t.at, t.at, 'succeeded', '{}'::jsonb
        from forebay.notifiers, generate_series(1, 10000) as n
        cross join lateral (select '2026-01-01'::timestamptz + n * interval '1 minute' as at) as t
        union all
        select notifier_id, now(), null, 'pending', '{}'::jsonb from forebay.notifiers, generate_series(1, 20) as n",
    "insert into forebay.ingestion_attempts (reference_id, pipeline_id, payload_hash, attempt, failure_class, reason_code,
            message)
        select reference_id, 1 + source_id / 40, sha256('y'), 1, 'transient', 'timeout', 'it took too long'
        from forebay.\"references\" where record_key::int % 5 = 0",
    "insert into forebay.ingestion_deliveries (reference_id, pipeline_id, event_id, attempt, sent_at, duration_ms, response)
        select reference_id, 1, 'msg', 1, '2026-03-01'::timestamptz + record_key::int * interval '1 minute', 20, ''
        from forebay.\"references\"",
    "insert into forebay.documents (reference_id, pipeline_id, num_chunks, language, payload_hash, title)
        select reference_id, 1, 1, 'english', version_hash, 'title' from forebay.\"references\"",
    "insert into forebay.document_chunks (reference_id, chunk_id, pipeline_id, ordinal, language, content_hash, title,
            heading, content, search)
        select reference_id, reference_id, 1, 0, 'english', version_hash, 'title', '', c.content,
            to_tsvector('english', c.content)
        from forebay.\"references\"
        cross join lateral (select 'lesson w' || record_key || ' about topic' || record_key::int % 100 as content) as c",
    "insert into forebay.http_validators (source_id, parser_version, run_id, fetched_at, num_records, url_hash, url)
        select source_id, 1, first_seen_run_id, '2026-03-01'::timestamptz + record_key::int * interval '1 minute', 1,
            sha256(record_key::bytea), 'https://example.test/' || record_key
        from forebay.\"references\" where record_key::int % 4 = 0",
    "insert into forebay.scrape_logs (run_id, logged_at, level, message, metadata)
        select run_id, started_at, case n % 25 when 0 then 'error' when 1 then 'warn' else 'info' end,
            'fetched page' || run_id || ' in part ' || n, '{\"status\": 200}'
        from forebay.scrape_runs, generate_series(1, 25) as n
        order by run_id, n",
    "insert into forebay.content_pieces (project, piece_slug, title, persona_mind_id, keywords, source_id)
        select 'p', 'course-' || n, 'Course', 'mind-' || n % 500, array['topic-' || n % 500],
            case when n <= 40 then n end
        from generate_series(1, 20000) as n",
    "insert into forebay.course_lessons (reference_id, piece_id, module_number, lesson_number, word_count, lesson_id, slug,
            title, content, key_concepts, file_path, content_hash)
        select forebay.reference_id('lesson', p.piece_id || '/' || n), p.piece_id, 1, n, 10, 'l' || n, 'l' || n, 'Lesson',
            'about concept' || p.piece_id, array['concept-' || p.piece_id], 'lessons/' || n || '.md', sha256('x')
        from forebay.content_pieces as p, generate_series(1, 50) as n
        where p.piece_id <= 400
        order by p.piece_id, n",
    "insert into forebay.content_performance (piece_id, metric, recorded_at, value)
        select p.piece_id, 'views', '2026-01-01'::timestamptz + n * interval '1 day', n
        from forebay.content_pieces as p, generate_series(0, 80) as n
        where p.piece_id <= 500
        order by p.piece_id, n",
    "insert into forebay.sync_metadata (entity_type, scope, status, attempt, last_sync)
        select 't' || n % 20, 'part=' || n, 'success', 1, now() from generate_series(1, 10000) as n",
];

pub(super) async fn fill(client: &Client) {
    // Autovacuum would gather statistics at a moment of its own.
    client
        .batch_execute(
            "do $$ declare t text; begin
                for t in select oid::regclass from pg_class
                    where relnamespace = 'forebay'::regnamespace and relkind = 'r' and not relispartition
                loop
                    execute format('alter table %s set (autovacuum_enabled = off)', t);
                end loop;
            end $$",
        )
        .await
        .unwrap();
    for rows in ROWS {
        client.batch_execute(rows).await.unwrap_or_else(|error| panic!("{rows}: {error:?}"));
    }
    client.batch_execute("vacuum (analyze)").await.unwrap();
}

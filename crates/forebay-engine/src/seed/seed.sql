-- Forebay: made-up data that shows every state. Written by `forebay db export --seed`; don't change it.
do $seed$
declare
    base timestamptz := now();
begin
    if exists (select from forebay.sources) or exists (select from forebay.pipelines where name <> 'documents') then
        raise exception 'database_not_empty: the database holds data of Forebay' using
            hint = 'apply this script to a database that has just been migrated';
    end if;
    insert into forebay."sources" (source_id, name, entity_type, key_fields, policy, parser_version, kind, settings, enabled, is_published, sends_end_line, fallback, project, declared_at, created_at, updated_at) overriding system value values
    ('1', 'seed.courses', 'course', '{id}', '{"rules": {"ignore": [], "volatile": [], "normalise": {}}, "on_duplicate": "first"}', '1', NULL, '{}', 'true', 'true', 'false', '{}', NULL, null, base - interval '1.043478 s', base - interval '1.043478 s'),
    ('2', 'seed.rooms', 'room', '{id}', '{"rules": {"ignore": [], "volatile": [], "normalise": {}}, "on_duplicate": "first"}', '1', NULL, '{}', 'true', 'false', 'false', '{}', NULL, null, base - interval '0.754189 s', base - interval '0.754189 s'),
    ('3', 'seed.reviews', 'review', '{id}', '{"rules": {"ignore": [], "volatile": [], "normalise": {}}, "on_duplicate": "first"}', '1', NULL, '{}', 'true', 'false', 'false', '{}', NULL, null, base - interval '0.654171 s', base - interval '0.654171 s'),
    ('4', 'seed.events', 'event', '{id}', '{"rules": {"ignore": [], "volatile": [], "normalise": {}}, "on_duplicate": "first"}', '1', NULL, '{}', 'true', 'false', 'false', '{}', NULL, null, base - interval '0.521578 s', base - interval '0.521578 s'),
    ('5', 'seed.professors', 'professor', '{id}', '{"rules": {"ignore": [], "volatile": [], "normalise": {}}, "on_duplicate": "first"}', '1', NULL, '{}', 'true', 'false', 'false', '{}', NULL, null, base - interval '0.495467 s', base - interval '0.495467 s'),
    ('6', 'seed.books', 'book', '{id}', '{"rules": {"ignore": [], "volatile": [], "normalise": {}}, "on_duplicate": "first"}', '1', NULL, '{}', 'true', 'false', 'false', '{}', NULL, null, base - interval '0.463404 s', base - interval '0.463404 s'),
    ('7', 'seed.menus', 'menu', '{id}', '{"rules": {"ignore": [], "volatile": [], "normalise": {}}, "on_duplicate": "first"}', '1', NULL, '{}', 'true', 'false', 'false', '{}', NULL, null, base - interval '0.428171 s', base - interval '0.428171 s'),
    ('8', 'seed.shuttles', 'shuttle', '{id}', '{"rules": {"ignore": [], "volatile": [], "normalise": {}}, "on_duplicate": "first"}', '1', NULL, '{}', 'true', 'false', 'false', '{}', NULL, null, base - interval '0.407588 s', base - interval '0.407588 s'),
    ('9', 'content.seed.rust-basics', 'content', '{id}', '{"rules": {"ignore": [], "volatile": [], "normalise": {}}, "on_duplicate": "first"}', '1', NULL, '{}', 'true', 'false', 'false', '{}', NULL, null, base - interval '0.209530 s', base - interval '0.209530 s');
    perform setval(pg_get_serial_sequence('forebay."sources"', 'source_id'), (select max(source_id) from forebay."sources"));
    insert into forebay."pipelines" (pipeline_id, name, source_name, entity_types, changed_fields, handler, config, effect, receiver, retry, max_active, rate_limit, limit_key, limit_key_is_url, key_max_active, key_rate_limit, max_pause_seconds, worker_role, enabled, project, disabled_at, disabled_reason, failing_since, num_failures, created_at, configured_at, receiver_changed_at, updated_at, repair_began_at, target_table, target_oid, is_target_own) overriding system value values
    ('2', 'seed.index', 'seed.events', '{}', '{}', 'external', '{}', '{}', NULL, '{}', NULL, NULL, NULL, 'false', NULL, NULL, NULL, NULL, 'true', NULL, null, NULL, null, '0', base - interval '1.049971 s', base - interval '1.049971 s', base - interval '1.049971 s', base - interval '1.049971 s', null, NULL, NULL, 'false');
    perform setval(pg_get_serial_sequence('forebay."pipelines"', 'pipeline_id'), (select max(pipeline_id) from forebay."pipelines"));
    insert into forebay."scrape_runs" (run_id, source_id, scope, status, reason_code, message, is_complete, guards, with_handoffs, engine, input, observed_at, started_at, heartbeat_at, ended_at, duration_ms, num_seen, num_added, num_updated, num_unchanged, num_removed, num_restored, num_duplicate, num_rejected, num_handoffs, num_requests, num_not_modified, bytes_received, hosts, num_active_before, num_withheld, num_rekeyed, num_split, is_ordinary, reverted_by, is_on_demand) overriding system value values
    ('1', '1', 'campus=seed', 'complete', NULL, NULL, 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'courses.jsonl', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209580.050305 s', base - interval '1209580.050305 s', '21000', '20', '20', '0', '0', '0', '0', '0', '0', '20', '0', '0', '0', '[]', NULL, '0', '0', '0', 'false', NULL, 'false'),
    ('10', '3', 'campus=seed', 'failed', 'no_usable_records', 'all 10 records were rejected', 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'reviews.jsonl', base - interval '345601.050305 s', base - interval '345601.050305 s', base - interval '345571.050305 s', base - interval '345571.050305 s', '30000', '10', '0', '0', '0', '0', '0', '0', '10', '0', '0', '0', '0', '[]', NULL, '0', '0', '0', 'false', NULL, 'false'),
    ('11', '3', 'campus=seed', 'aborted', 'rejected', 'an operator rejected it; what it withheld was dropped', 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'reviews.jsonl', base - interval '172801.050305 s', base - interval '172801.050305 s', base - interval '172770.050305 s', base - interval '172770.050305 s', '31000', '6', '0', '0', '6', '0', '0', '0', '0', '0', '0', '0', '0', '[]', '30', '24', '0', '0', 'false', NULL, 'false'),
    ('12', '4', 'campus=seed', 'complete', NULL, NULL, 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'events.jsonl', base - interval '604801.050305 s', base - interval '604801.050305 s', base - interval '604769.050305 s', base - interval '604769.050305 s', '32000', '12', '12', '0', '0', '0', '0', '0', '0', '24', '0', '0', '0', '[]', NULL, '0', '0', '0', 'false', NULL, 'false'),
    ('13', '5', 'campus=seed', 'complete', NULL, NULL, 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'professors.jsonl', base - interval '2592001.050305 s', base - interval '2592001.050305 s', base - interval '2591968.050305 s', base - interval '2591968.050305 s', '33000', '6', '6', '0', '0', '0', '0', '0', '0', '6', '0', '0', '0', '[]', NULL, '0', '0', '0', 'false', NULL, 'false'),
    ('14', '6', 'campus=seed', 'complete', NULL, NULL, 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'books.jsonl', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3455967.050305 s', base - interval '3455967.050305 s', '34000', '4', '4', '0', '0', '0', '0', '0', '0', '4', '0', '0', '0', '[]', NULL, '0', '0', '0', 'false', NULL, 'false'),
    ('15', '7', 'campus=seed', 'complete', NULL, NULL, 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'menus.jsonl', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3455966.050305 s', base - interval '3455966.050305 s', '35000', '4', '4', '0', '0', '0', '0', '0', '0', '4', '0', '0', '0', '[]', NULL, '0', '0', '0', 'false', NULL, 'false'),
    ('16', '8', 'campus=seed', 'complete', NULL, NULL, 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'shuttles.jsonl', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3455965.050305 s', base - interval '3455965.050305 s', '36000', '4', '4', '0', '0', '0', '0', '0', '0', '4', '0', '0', '0', '[]', NULL, '0', '0', '0', 'false', NULL, 'false'),
    ('17', '4', 'campus=seed', 'complete', NULL, NULL, 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'events.jsonl', base - interval '259201.050305 s', base - interval '259201.050305 s', base - interval '259164.050305 s', base - interval '259164.050305 s', '37000', '12', '0', '1', '11', '0', '0', '0', '0', '2', '0', '0', '0', '[]', '12', '0', '0', '0', 'true', NULL, 'false'),
    ('18', '9', '', 'complete', NULL, NULL, 'false', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'content', 'rust-basics', base - interval '0.181388 s', base - interval '0.171969 s', base - interval '0.095710 s', base - interval '0.095710 s', '81', '12', '12', '0', '0', '0', '0', '0', '0', '12', '0', '0', '0', '[]', NULL, '0', '0', '0', 'false', NULL, 'false'),
    ('19', '1', 'campus=seed,semester=Spring 2027', 'running', NULL, NULL, 'true', NULL, 'true', 'scrapy', 'courses.jsonl', base - interval '10800.000000 s', base - interval '10800.000000 s', base - interval '7200.000000 s', null, NULL, '7', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '[]', NULL, '0', '0', '0', 'false', NULL, 'false'),
    ('2', '1', 'campus=seed', 'complete', NULL, NULL, 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'courses.jsonl', base - interval '1036801.050305 s', base - interval '1036801.050305 s', base - interval '1036779.050305 s', base - interval '1036779.050305 s', '22000', '19', '0', '5', '14', '1', '0', '0', '0', '6', '0', '0', '0', '[]', '20', '0', '0', '0', 'true', NULL, 'false'),
    ('3', '1', 'campus=seed', 'complete', NULL, NULL, 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'courses.jsonl', base - interval '864001.050305 s', base - interval '864001.050305 s', base - interval '863978.050305 s', base - interval '863978.050305 s', '23000', '20', '0', '1', '18', '0', '1', '0', '0', '2', '0', '0', '0', '[]', '19', '0', '0', '0', 'true', NULL, 'false'),
    ('4', '1', 'campus=seed', 'complete', NULL, NULL, 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'courses.jsonl', base - interval '691201.050305 s', base - interval '691201.050305 s', base - interval '691177.050305 s', base - interval '691177.050305 s', '24000', '20', '0', '4', '16', '0', '0', '0', '0', '4', '0', '0', '0', '[]', '20', '0', '0', '0', 'true', NULL, 'false'),
    ('5', '1', 'campus=seed', 'held', 'mass_removal', 'the run would remove 15 of 20 references (75 %); the limit learnt from 4 runs is 20 %', 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'courses.jsonl', base - interval '86401.050305 s', base - interval '86401.050305 s', base - interval '86376.050305 s', base - interval '86376.050305 s', '25000', '5', '0', '0', '5', '0', '0', '0', '0', '0', '0', '0', '0', '[]', '20', '15', '0', '0', 'false', NULL, 'false'),
    ('6', '2', 'campus=seed', 'complete', NULL, NULL, 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'rooms.jsonl', base - interval '950401.050305 s', base - interval '950401.050305 s', base - interval '950375.050305 s', base - interval '950375.050305 s', '26000', '20', '20', '0', '0', '0', '0', '0', '0', '20', '0', '0', '0', '[]', NULL, '0', '0', '0', 'false', NULL, 'false'),
    ('7', '2', 'campus=seed', 'complete', 'rekeyed', 'an operator accepted it as a re-key', 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'rooms.jsonl', base - interval '432001.050305 s', base - interval '432001.050305 s', base - interval '431974.050305 s', base - interval '431974.050305 s', '27000', '20', '0', '20', '0', '0', '0', '0', '0', '20', '0', '0', '0', '[]', '20', '0', '20', '0', 'false', NULL, 'false'),
    ('8', '3', 'campus=seed', 'complete', NULL, NULL, 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'reviews.jsonl', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777573.050305 s', base - interval '777573.050305 s', '28000', '30', '30', '0', '0', '0', '0', '0', '0', '30', '0', '0', '0', '[]', NULL, '0', '0', '0', 'false', NULL, 'false'),
    ('9', '3', 'campus=seed', 'partial', 'rejected_records', '2 of 32 records were rejected', 'true', '{"rekey": "hold", "confirm": null, "removals": "guarded", "hold_empty": true, "min_changed": 5, "min_removed": 5, "max_changed_share": 1.0, "max_removed_share": null, "min_coverage_kept": 0.5}', 'true', 'scrapy', 'reviews.jsonl', base - interval '518401.050305 s', base - interval '518401.050305 s', base - interval '518372.050305 s', base - interval '518372.050305 s', '29000', '32', '0', '0', '30', '0', '0', '0', '2', '0', '0', '0', '0', '[]', '30', '0', '0', '0', 'true', NULL, 'false');
    perform setval(pg_get_serial_sequence('forebay."scrape_runs"', 'run_id'), (select max(run_id) from forebay."scrape_runs"));
    insert into forebay."references" (reference_id, first_seen_at, changed_at, observed_at, removed_at, first_seen_run_id, scrape_run_id, source_id, version, contract_version, version_hash, entity_type, scope, record_key, payload, lineage) values
    ('013af16d-c38a-81b4-a052-70a8601e34c7', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\x3e92349a259b2561871aba535bc7649b63963fcadd3e033b835e0680af4ae18b', 'room', 'campus=seed', '17', '{"id": "17", "title": "Room 17 of the library"}', '{"line": 18, "previous_keys": ["old-17"]}'),
    ('030b5000-85c3-86f5-ad8f-9e182f154ef4', base - interval '604801.050305 s', base - interval '604801.050305 s', base - interval '604801.050305 s', null, '12', '12', '4', '1', '1', E'\\x48f15df7a1123f910b0222b586a2cfd48638f0505e75a948f3b6226ffe78a862', 'event', 'campus=seed', 'E-05', '{"id": "E-05", "url": "https://events.example.com/5", "title": "Open lecture 5", "venue": "Main Hall", "starts": "2026-12-06T18:00:00Z"}', '{"line": 6}'),
    ('04c8d356-918b-8323-b085-6f1b4a3fe518', base - interval '0.181388 s', base - interval '0.181388 s', base - interval '0.181388 s', null, '18', '18', '9', '1', '1', E'\\xbc0800db0e656da5ac28cac8ef382331d9e11c1fa48ae81d4c2096e8bcbb5db0', 'content', '', 'curriculum', E'{"id": "curriculum", "kind": "curriculum", "path": "curriculum.yaml", "size": 744, "level": "beginner", "title": "Rust from the start", "content": "course:\\n  title: Rust from the start\\n  type: technical\\n  level: beginner\\n  duration: 40min\\nmetadata:\\n  framework: GPS\\n  keywords: [rust, borrowing]\\nlearning_objectives:\\n  - Write small programs\\nmodules:\\n  - number: 1\\n    title: Ownership\\n    lessons:\\n      - lesson_id: borrowing\\n        title: Borrowing\\n        file_path: lessons/1.1-borrowing.md\\n        duration: 10min\\n      - lesson_id: mover\\n        title: Mover\\n        file_path: lessons/1.2-mover.md\\n        duration: 10min\\n  - number: 2\\n    title: Types\\n    lessons:\\n      - lesson_id: tipos\\n        title: Tipos\\n        file_path: lessons/2.1-tipos.md\\n        duration: 10min\\n      - lesson_id: vida\\n        title: Vida\\n        file_path: lessons/2.2-vida.md\\n        duration: 10min\\n", "keywords": ["rust", "borrowing"], "framework": "GPS", "text_hash": "4ff87aabfdc07aa07426a006b2412f2e002273b7964590246ba732f9aedc7fa5", "curriculum": {"course": {"type": "technical", "level": "beginner", "title": "Rust from the start", "duration": "40min"}, "modules": [{"title": "Ownership", "number": 1, "lessons": [{"title": "Borrowing", "duration": "10min", "file_path": "lessons/1.1-borrowing.md", "lesson_id": "borrowing"}, {"title": "Mover", "duration": "10min", "file_path": "lessons/1.2-mover.md", "lesson_id": "mover"}]}, {"title": "Types", "number": 2, "lessons": [{"title": "Tipos", "duration": "10min", "file_path": "lessons/2.1-tipos.md", "lesson_id": "tipos"}, {"title": "Vida", "duration": "10min", "file_path": "lessons/2.2-vida.md", "lesson_id": "vida"}]}], "metadata": {"keywords": ["rust", "borrowing"], "framework": "GPS"}, "learning_objectives": ["Write small programs"]}, "objectives": ["Write small programs"], "course_type": "technical", "content_hash": "4ff87aabfdc07aa07426a006b2412f2e002273b7964590246ba732f9aedc7fa5", "total_lessons": 4, "total_modules": 2}', '{"line": 3}'),
    ('04eb8f16-39cc-86de-9aa8-5075afc56321', base - interval '0.181388 s', base - interval '0.181388 s', base - interval '0.181388 s', null, '18', '18', '9', '1', '1', E'\\xe262de37c9d784684967ba29da32bd677eff31a928bdc02c7f0db4be05dd0e71', 'content', '', 'research/content_gaps', E'{"id": "research/content_gaps", "kind": "research", "path": "research/content-gaps.md", "size": 34, "content": "# Gaps\\n\\nOther courses skip moves.\\n", "summary": "Other courses skip moves.", "text_hash": "907d4d6467f12878051b252c0cfa00499ee48dbf0879c9c314f51af8db1b8ce7", "content_hash": "907d4d6467f12878051b252c0cfa00499ee48dbf0879c9c314f51af8db1b8ce7"}', '{"line": 8}'),
    ('0871017f-2841-85d4-8d26-8c82ce11ba18', base - interval '604801.050305 s', base - interval '604801.050305 s', base - interval '604801.050305 s', null, '12', '12', '4', '1', '1', E'\\x2555a4ee724fadf1f20a13e7fadaa285b176cecf82c2d4c99c7e99dadf540be0', 'event', 'campus=seed', 'E-06', '{"id": "E-06", "url": "https://events.example.com/6", "title": "Open lecture 6", "venue": "Main Hall", "starts": "2026-12-07T18:00:00Z"}', '{"line": 7}'),
    ('096c42c7-188e-8dc7-8385-f60a17aef1e1', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\x428fbceb7d51bd55428e3f59b85c21063fd377ce40ffec1fca9f37fd0959bcb7', 'course', 'campus=seed', 'CSC-117', '{"id": "CSC-117", "url": "https://courses.example.com/CSC-117", "seats": 36, "title": "English Composition", "credits": 3, "instructor": "Professor 4"}', '{"line": 17}'),
    ('0ab4b8ef-e69a-89c4-8bab-358faa4fc4df', base - interval '0.181388 s', base - interval '0.181388 s', base - interval '0.181388 s', null, '18', '18', '9', '1', '1', E'\\x7a87931bef43ca0bf79dec3fc311964c53a1364716d72a92b1eeb7011c4a0c7a', 'content', '', 'brief', E'{"id": "brief", "icp": "People who know Python.", "kind": "brief", "path": "COURSE-BRIEF.md", "size": 332, "title": "Rust basics", "content": "# Rust basics\\n\\n## 1. Basic information\\n\\n- **Name:** Rust from the start\\n- **Duration:** 40 minutes\\n\\n## 2. ICP\\n\\nPeople who know Python.\\n\\n## 3. Content and pedagogy\\n\\nOwnership first.\\n\\n## 4. Voice\\n\\nCalm and exact.\\n\\n## 5. Format and delivery\\n\\nText.\\n\\n## 6. Commercial\\n\\nFree.\\n\\n## 7. Additional context\\n\\nNone.\\n\\n## 8. References\\n\\nThe book.\\n", "text_hash": "739b40f63da799a2c0d68af8f233c48269e771837fedc492d9dcd86f532c3301", "content_hash": "739b40f63da799a2c0d68af8f233c48269e771837fedc492d9dcd86f532c3301", "voice_profile": "Calm and exact."}', '{"line": 1}'),
    ('0d65d28c-a930-8e72-b452-58869e11dd56', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3456001.050305 s', null, '15', '15', '7', '1', '1', E'\\xd0d2140607f57208dd08033cfef3f3ff09ccf7eb73067b36ea64d89fde1f9a74', 'menu', 'campus=seed', 'N-2', '{"id": "N-2", "title": "Item 2"}', '{"line": 3}'),
    ('0ed0d7db-96f9-82ac-82a2-12e39fafc540', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\x4f8ef4238a341cd68ef61f0a966f37809b3b08808726880d2838189db9faf233', 'room', 'campus=seed', '04', '{"id": "04", "title": "Room 4 of the library"}', '{"line": 5, "previous_keys": ["old-04"]}'),
    ('0fbb363a-d5da-8d5f-8f91-95ef0fb9bd90', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x428697f4493eebcec4a068eaeedad3dd719c27cbab9663a7c96d14165ee85f6e', 'review', 'campus=seed', 'V-26', '{"id": "V-26", "text": "Review 26", "stars": 2}', '{"line": 27}'),
    ('102a3214-fe02-8654-afb2-39ec22bf31d1', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\x3d124fdae6c96f72b219f7581d2b5902ca729d3eead6b4d353acaefc7ea2aed1', 'room', 'campus=seed', '07', '{"id": "07", "title": "Room 7 of the library"}', '{"line": 8, "previous_keys": ["old-07"]}'),
    ('13a8e8f7-86b0-82d0-9a14-3bcfb443e8cc', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3456001.050305 s', null, '16', '16', '8', '1', '1', E'\\x9411d5ddd63ea8a10ac33502b4fb8ad25b61a909e55fa85687c1d2ca417f1e7b', 'shuttle', 'campus=seed', 'N-1', '{"id": "N-1", "title": "Item 1"}', '{"line": 2}'),
    ('1497d50f-36e7-8420-b5b1-44cb677ad603', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xe788635ebaae9dc9f665b2b0e875dddbcb5f27e8a852e4d0b926662376da3e7d', 'review', 'campus=seed', 'V-27', '{"id": "V-27", "text": "Review 27", "stars": 3}', '{"line": 28}'),
    ('1922b2d6-d3e5-899d-a271-5c358797e0c4', base - interval '604801.050305 s', base - interval '604801.050305 s', base - interval '604801.050305 s', null, '12', '12', '4', '1', '1', E'\\xaf3a20538cc24c1f585a103dee124d90caee88fb42026a3add352c01ea3e44d3', 'event', 'campus=seed', 'E-04', '{"id": "E-04", "url": "https://events.example.com/4", "title": "Open lecture 4", "venue": "Main Hall", "starts": "2026-12-05T18:00:00Z"}', '{"line": 5}'),
    ('1996fc57-c049-89c4-beea-63333139faf8', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\xc32abbd02a44e2c543ee0678bb08eb100c20b4a2be1620c63dfde4a76c8e3721', 'room', 'campus=seed', '19', '{"id": "19", "title": "Room 19 of the library"}', '{"line": 20, "previous_keys": ["old-19"]}'),
    ('1d2c6c27-da86-84d3-bcf7-a61195fa1030', base - interval '604801.050305 s', base - interval '604801.050305 s', base - interval '604801.050305 s', null, '12', '12', '4', '1', '1', E'\\xa91a350c832935bdc5cb3a6249afd86021f26c5c82c4aa46256d94090f84d993', 'event', 'campus=seed', 'E-11', '{"id": "E-11", "url": "https://events.example.com/11", "title": "Open lecture 11", "venue": "Main Hall", "starts": "2026-12-12T18:00:00Z"}', '{"line": 12}'),
    ('1e718ac6-ea65-8911-919b-7eb4da06d484', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x439befb5142681cb44bef10c6d07024287903e9cf804c2ce10d1ca5426b21c5d', 'review', 'campus=seed', 'V-28', '{"id": "V-28", "text": "Review 28", "stars": 4}', '{"line": 29}'),
    ('1e83c141-135d-8010-9f87-56cec126386c', base - interval '604801.050305 s', base - interval '604801.050305 s', base - interval '604801.050305 s', null, '12', '12', '4', '1', '1', E'\\x5b0b0ddb80421ee757fef163a6bb620544e4d388f12b7926464245a27181e38f', 'event', 'campus=seed', 'E-10', '{"id": "E-10", "url": "https://events.example.com/10", "title": "Open lecture 10", "venue": "Main Hall", "starts": "2026-12-11T18:00:00Z"}', '{"line": 11}'),
    ('1edb7808-3beb-87e9-bd64-045a1ec35a7c', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x9896f6f756ddd798bac8b03d0973cad2fef8940d7ca62a7ff660c9c3661a36cb', 'review', 'campus=seed', 'V-14', '{"id": "V-14", "text": "Review 14", "stars": 5}', '{"line": 15}'),
    ('2693263a-f67e-8941-b9c4-83621105cbea', base - interval '1209601.050305 s', base - interval '691201.050305 s', base - interval '691201.050305 s', null, '1', '4', '1', '4', '1', E'\\xa477ad687c2ce889a23db93b09f428d47f2f10c65cc4159c4a1c3b890a9a6138', 'course', 'campus=seed', 'CSC-103', '{"id": "CSC-103", "url": "https://courses.example.com/CSC-103", "seats": 0, "title": "Discrete Structures", "credits": "3 or 4", "modality": "online", "instructor": "Professor 2"}', '{"line": 3}'),
    ('27839c8d-fa0a-8c5e-b7fc-ad34383184e3', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\x8f77def03718a9b1797d2afddbdc3defd2e1ac5e4e7dcb802fa14f7671166d52', 'room', 'campus=seed', '11', '{"id": "11", "title": "Room 11 of the library"}', '{"line": 12, "previous_keys": ["old-11"]}'),
    ('2a2f6b45-1c16-8690-8732-f611686c9d05', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\xc0cd171a4a9e0289cc9160384eac966a9a0f603a9ce7bec3504c5eff90e7fad7', 'room', 'campus=seed', '14', '{"id": "14", "title": "Room 14 of the library"}', '{"line": 15, "previous_keys": ["old-14"]}'),
    ('2c7bc1c2-ea77-82ec-821e-1f41ba8ac7fe', base - interval '0.181388 s', base - interval '0.181388 s', base - interval '0.181388 s', null, '18', '18', '9', '1', '1', E'\\x751c6bb3b4741ff9c48b400600bfb66d3d0fb40661b6c9e75f5eb8525e055e88', 'content', '', 'lesson/tipos', E'{"id": "lesson/tipos", "kind": "lesson", "path": "lessons/2.1-tipos.md", "size": 531, "slug": "tipos", "title": "Tipos", "has_id": true, "lesson": 1, "module": 2, "content": "---\\nlesson_id: tipos\\ntitle: Tipos\\nbloom_level: analizar\\n---\\n\\n# Tipos\\n\\n## Por qué importa\\n\\nUn tipo evita errores.\\n\\n## Objetivo\\n\\nVas a elegir un tipo.\\n\\n## Dónde estás\\n\\nYa conoces los valores.\\n\\n## Paso a paso\\n\\n1. Mira el valor.\\n2. Elige el tipo.\\n\\n## Conceptos clave\\n\\nUn tipo es como un molde. Cada valor tiene uno.\\n\\n## Para reflexionar\\n\\n¿Qué tipo tiene una lista vacía?\\n\\n## Resumen\\n\\n- Todo valor tiene un tipo.\\n- El compilador lo comprueba.\\n\\n## Acción rápida\\n\\nEscribe una función.\\n\\n## Próxima lección\\n\\nLa vida de un valor.\\n", "lesson_id": "tipos", "text_hash": "a50daa8cf3122a258c8085e4789028be33bbcf911b704368d2e754bd3b1eccc4", "objectives": [], "word_count": 71, "bloom_level": "analyze", "content_hash": "a50daa8cf3122a258c8085e4789028be33bbcf911b704368d2e754bd3b1eccc4", "key_concepts": []}', '{"line": 6}'),
    ('2ebbfbbc-0a92-8ace-8190-7a45afdc7fee', base - interval '0.181388 s', base - interval '0.181388 s', base - interval '0.181388 s', null, '18', '18', '9', '1', '1', E'\\xe49ba8a026ec7c3cd1665aac6f31ab0043bbdc297fa1dda85aa7beede6167fdb', 'content', '', 'file/resources/notes.txt', E'{"id": "file/resources/notes.txt", "kind": "resource", "path": "resources/notes.txt", "size": 23, "content": "Remember the compiler.\\n", "text_hash": "f289b82d66c4b34f845e7be9a6c0d1b220b27ad558d8496669f516b6f3b2b541", "content_hash": "f289b82d66c4b34f845e7be9a6c0d1b220b27ad558d8496669f516b6f3b2b541"}', '{"line": 12}'),
    ('311f936f-ae24-8b9d-b143-4155c89f6362', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x2f12f52db94bebdcd53d5fecef1f836bfd19238a0d86670652cdfba88eff0541', 'review', 'campus=seed', 'V-29', '{"id": "V-29", "text": "Review 29", "stars": 5}', '{"line": 30}'),
    ('381b432b-71a0-8230-a705-bbda2d559c64', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\x204b6555e25947f1facbeb3e6d708b6d40b2b32a853358bcf31d7823fa8da70d', 'course', 'campus=seed', 'CSC-106', '{"id": "CSC-106", "url": "https://courses.example.com/CSC-106", "seats": 25, "title": "Networks", "credits": 4, "instructor": "Professor 5"}', '{"line": 6}'),
    ('3b55cda2-ea8d-8d67-a9ee-e5c8e0a925c1', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xf5589d9a5546480fc2d6b43dd65c55684a067fcf3ab1e4fd4888387d5f266fce', 'review', 'campus=seed', 'V-21', '{"id": "V-21", "text": "Review 21", "stars": 2}', '{"line": 22}'),
    ('3e2b79a1-1e89-841f-a673-8be41304bb5c', base - interval '604801.050305 s', base - interval '604801.050305 s', base - interval '604801.050305 s', null, '12', '12', '4', '1', '1', E'\\xb18d77aa8e72aa50bfcf42b59b0f6b1e3a56d68c1c3e3f6514ee71c896cf61b3', 'event', 'campus=seed', 'E-07', '{"id": "E-07", "url": "https://events.example.com/7", "title": "Open lecture 7", "venue": "Main Hall", "starts": "2026-12-08T18:00:00Z"}', '{"line": 8}'),
    ('3e462df3-9c95-8028-9904-bfc2d352114b', base - interval '2592001.050305 s', base - interval '2592001.050305 s', base - interval '2592001.050305 s', null, '13', '13', '5', '1', '1', E'\\x1713ced5ec9b137f63a9399bd75f33b25dbfb77c2867f300ba06381dc5c27159', 'professor', 'campus=seed', 'P-5', '{"id": "P-5", "url": "https://people.example.com/5", "name": "Professor 5"}', '{"line": 6}'),
    ('4218bb55-997e-8ceb-9619-0e45ddc8e586', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\x840fca495b8b40a510852f12af5964c89faa71b268f6f0ab7952e8648456d294', 'room', 'campus=seed', '12', '{"id": "12", "title": "Room 12 of the library"}', '{"line": 13, "previous_keys": ["old-12"]}'),
    ('450ce9c1-ec5d-8153-abd5-664a606f3733', base - interval '604801.050305 s', base - interval '604801.050305 s', base - interval '604801.050305 s', null, '12', '12', '4', '1', '1', E'\\xc6702169cb727c62c38cc3442f358133af9c46df390423dd8c9f961e9e31f834', 'event', 'campus=seed', 'E-01', '{"id": "E-01", "url": "https://events.example.com/1", "title": "Open lecture 1", "venue": "Main Hall", "starts": "2026-12-02T18:00:00Z"}', '{"line": 2}'),
    ('470fc1e4-b118-876e-8214-4fa1e7dadbdd', base - interval '2592001.050305 s', base - interval '2592001.050305 s', base - interval '2592001.050305 s', null, '13', '13', '5', '1', '1', E'\\x143f3bcac2b9df3986ef8864d005ed4b8a4c8b1362eb0531c73d2c8dfeb7ea81', 'professor', 'campus=seed', 'P-1', '{"id": "P-1", "url": "https://people.example.com/1", "name": "Professor 1"}', '{"line": 2}'),
    ('4b4b2327-91f9-8395-b2d2-bfd380cbdbb1', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\xd3000d35da65a2b16f8c77688140e8284c225976d74ffbdf997e83cdbc298ac5', 'course', 'campus=seed', 'CSC-118', '{"id": "CSC-118", "url": "https://courses.example.com/CSC-118", "seats": 37, "title": "Creative Writing", "credits": 4, "instructor": "Professor 5"}', '{"line": 18}'),
    ('4c276159-5ad0-8261-8a26-f7ef4ffdb2ad', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xd46970a07b4bae84098056de94262bc705913e411b767db27fb13296c883969f', 'review', 'campus=seed', 'V-02', '{"id": "V-02", "text": "Review 2", "stars": 3}', '{"line": 3}'),
    ('4e610b0e-a2c3-863e-8350-6b9d9f3e4443', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3456001.050305 s', null, '16', '16', '8', '1', '1', E'\\x2ce91362b2f537f03bd644ca2518ecc3210d440e62fdf456d96e573700b15a94', 'shuttle', 'campus=seed', 'N-0', '{"id": "N-0", "title": "Item 0"}', '{"line": 1}'),
    ('504a78c8-9d52-8fe5-a319-6ebf83c271ed', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x823232b33a7d397caa532bac0d986ca1cbdbe0a5ced81b3f6b6e7533ae766da0', 'review', 'campus=seed', 'V-00', '{"id": "V-00", "text": "Review 0", "stars": 1}', '{"line": 1}'),
    ('504e8eb1-20ed-8ba9-b8c1-13ee910ad530', base - interval '2592001.050305 s', base - interval '2592001.050305 s', base - interval '2592001.050305 s', null, '13', '13', '5', '1', '1', E'\\x704a9d539211fccf2e4c9a00f822bb3a80d139766db4469e577ebf3b49fb173a', 'professor', 'campus=seed', 'P-2', '{"id": "P-2", "url": "https://people.example.com/2", "name": "Professor 2"}', '{"line": 3}'),
    ('5272f6cb-c1b8-84dc-9ecc-9532a0d599fa', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x9070e1ed0b4622b863a2001667d7e0a6d857f240aa77b62ae772dcd074929254', 'review', 'campus=seed', 'V-06', '{"id": "V-06", "text": "Review 6", "stars": 2}', '{"line": 7}'),
    ('566a7813-5c3d-8b0b-990a-148890576628', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\xadef868f34a61b9f7856c5c7ddcc54ec7c6e56d826b18dcc6c7b7ae9fdae483a', 'course', 'campus=seed', 'CSC-119', '{"id": "CSC-119", "url": "https://courses.example.com/CSC-119", "seats": 38, "title": "Physics I", "credits": 3, "instructor": "Professor 0"}', '{"line": 19}'),
    ('5a250b82-6f49-8010-8349-ea2e4fe4e8cc', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3456001.050305 s', null, '15', '15', '7', '1', '1', E'\\x85aff30d333225083f2fdb5743f447f083c2ce5905884787bc55bc66ce728ce4', 'menu', 'campus=seed', 'N-3', '{"id": "N-3", "title": "Item 3"}', '{"line": 4}'),
    ('5ba361ff-dda5-8080-a25b-bad1d1105934', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\x38fdb27286a6063e8d4ca8165df711c9879d4962b65211e2792af33b09eacfe9', 'room', 'campus=seed', '13', '{"id": "13", "title": "Room 13 of the library"}', '{"line": 14, "previous_keys": ["old-13"]}'),
    ('60d2ed67-2b1b-8edb-96f9-8ce5a7a87ba1', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3456001.050305 s', null, '15', '15', '7', '1', '1', E'\\x2ce91362b2f537f03bd644ca2518ecc3210d440e62fdf456d96e573700b15a94', 'menu', 'campus=seed', 'N-0', '{"id": "N-0", "title": "Item 0"}', '{"line": 1}'),
    ('61f30670-291d-81cf-add2-8f456933d1dd', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3456001.050305 s', null, '14', '14', '6', '1', '1', E'\\x85aff30d333225083f2fdb5743f447f083c2ce5905884787bc55bc66ce728ce4', 'book', 'campus=seed', 'N-3', '{"id": "N-3", "title": "Item 3"}', '{"line": 4}'),
    ('67ca8cb6-6ee1-802a-a788-f52db909d45a', base - interval '0.181388 s', base - interval '0.181388 s', base - interval '0.181388 s', null, '18', '18', '9', '1', '1', E'\\x3ccc398c4178ffb0093f1c672adceb1359c54d3d935ee9f3a1cc517e84e5456e', 'content', '', 'lesson/vida', E'{"id": "lesson/vida", "kind": "lesson", "path": "lessons/2.2-vida.md", "size": 85, "slug": "vida", "title": "Vida", "has_id": true, "lesson": 2, "module": 2, "content": "---\\nlesson_id: vida\\ntitle: Vida\\n---\\n\\n# Vida\\n\\n## Objetivo\\n\\nVer cuánto vive un valor.\\n", "lesson_id": "vida", "text_hash": "5789ed16f3af667cb32f402bf51137c8ada2219788410d5919a341ea5415ca15", "objectives": [], "word_count": 7, "content_hash": "5789ed16f3af667cb32f402bf51137c8ada2219788410d5919a341ea5415ca15", "key_concepts": []}', '{"line": 7}'),
    ('7130cebc-b267-8aaa-9c45-80e88984fd97', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xf42a078938242080dbb23b8dfd9ee8d0f11fdf216106283685366e877c17e58c', 'review', 'campus=seed', 'V-01', '{"id": "V-01", "text": "Review 1", "stars": 2}', '{"line": 2}'),
    ('72124a22-e0ca-876b-8e77-325112656044', base - interval '2592001.050305 s', base - interval '2592001.050305 s', base - interval '2592001.050305 s', null, '13', '13', '5', '1', '1', E'\\x6abd32023a836563c1691b0a1119e0818a220c85485daef1d58d0778156d11a3', 'professor', 'campus=seed', 'P-0', '{"id": "P-0", "url": "https://people.example.com/0", "name": "Professor 0"}', '{"line": 1}'),
    ('7af019ab-b357-8aed-b1be-6a2bd99fc309', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3456001.050305 s', null, '14', '14', '6', '1', '1', E'\\x2ce91362b2f537f03bd644ca2518ecc3210d440e62fdf456d96e573700b15a94', 'book', 'campus=seed', 'N-0', '{"id": "N-0", "title": "Item 0"}', '{"line": 1}'),
    ('7b7c6798-42eb-8bd3-82fd-222ae3a4b70d', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3456001.050305 s', null, '14', '14', '6', '1', '1', E'\\xd0d2140607f57208dd08033cfef3f3ff09ccf7eb73067b36ea64d89fde1f9a74', 'book', 'campus=seed', 'N-2', '{"id": "N-2", "title": "Item 2"}', '{"line": 3}'),
    ('8098fb49-fb03-80bc-a44e-b3e8804538e6', base - interval '604801.050305 s', base - interval '604801.050305 s', base - interval '604801.050305 s', null, '12', '12', '4', '1', '1', E'\\xd7200bdd0b0b91eda2aaf5fdf97710242bf34c9e45d37e5b2cda6a1c28ad5314', 'event', 'campus=seed', 'E-08', '{"id": "E-08", "url": "https://events.example.com/8", "title": "Open lecture 8", "venue": "Main Hall", "starts": "2026-12-09T18:00:00Z"}', '{"line": 9}'),
    ('82822077-b1b3-8a29-b85c-a6fe3eb63b9e', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\xe2cd408bf7dc5ee44f3c43e666f90a5f66d0e227705e31cf3139a2d1fb13110c', 'room', 'campus=seed', '02', '{"id": "02", "title": "Room 2 of the library"}', '{"line": 3, "previous_keys": ["old-02"]}'),
    ('855d419a-a6e1-84de-ae55-c995d840403a', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3456001.050305 s', null, '14', '14', '6', '1', '1', E'\\x9411d5ddd63ea8a10ac33502b4fb8ad25b61a909e55fa85687c1d2ca417f1e7b', 'book', 'campus=seed', 'N-1', '{"id": "N-1", "title": "Item 1"}', '{"line": 2}'),
    ('857194ee-405e-8169-962a-f705de126aee', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\xd68f2faf47ba55515e4aa7aeffa8036187fed4124921c372d8bc7f6f68c8d650', 'course', 'campus=seed', 'CSC-114', '{"id": "CSC-114", "url": "https://courses.example.com/CSC-114", "seats": 33, "title": "Statistics", "credits": 4, "instructor": "Professor 1"}', '{"line": 14}'),
    ('85ecbc08-5371-8327-b4f7-f7d010e2c1ea', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\xe15fe47e3f56b5112e784818c49d22e97d9d2e752f28a407b5037c7e65903db2', 'course', 'campus=seed', 'CSC-111', '{"id": "CSC-111", "url": "https://courses.example.com/CSC-111", "seats": 30, "title": "Linear Algebra", "credits": 3, "instructor": "Professor 4"}', '{"line": 11}'),
    ('86433636-dfa5-860c-ad74-48c37fdeeef6', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3456001.050305 s', null, '16', '16', '8', '1', '1', E'\\x85aff30d333225083f2fdb5743f447f083c2ce5905884787bc55bc66ce728ce4', 'shuttle', 'campus=seed', 'N-3', '{"id": "N-3", "title": "Item 3"}', '{"line": 4}'),
    ('8f0f4a72-ae6c-884a-b464-e026b4625e9d', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x6ce6776b77abab55dc3e3e1744f6a42690f714217035942192d1fb09cb6df970', 'review', 'campus=seed', 'V-15', '{"id": "V-15", "text": "Review 15", "stars": 1}', '{"line": 16}'),
    ('9064d729-53bb-8193-b543-518009c9b06b', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xd140c85e4db74ab2b838351a5cdb3f075e1f6cc3fecc16e59f2c0cdd104c4db4', 'review', 'campus=seed', 'V-25', '{"id": "V-25", "text": "Review 25", "stars": 1}', '{"line": 26}'),
    ('90b2c050-72f6-8dff-b59b-7eb58fdd6f82', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\x0436645fd9155fcc02bc37b7ec7a754a333acb5c991df44b085ac0e0703fea3f', 'room', 'campus=seed', '00', '{"id": "00", "title": "Room 0 of the library"}', '{"line": 1, "previous_keys": ["old-00"]}'),
    ('9189abfd-0a82-8298-a412-917c88afeba0', base - interval '1209601.050305 s', base - interval '691201.050305 s', base - interval '691201.050305 s', null, '1', '4', '1', '3', '1', E'\\xa7a0749ef8bdc293f1eba685567df950cdb9fc755da7c4dc54098e97bd883642', 'course', 'campus=seed', 'CSC-104', '{"id": "CSC-104", "url": "https://courses.example.com/CSC-104", "seats": 0, "title": "Operating Systems", "credits": "3 or 4", "modality": "online", "instructor": "Professor 3"}', '{"line": 4}'),
    ('941a844c-d6ad-8cc8-abe5-7be8c9eefa5d', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xc7d122dcc7b128434e35902e47435fbb50f0d4b48cddeb49148e8a7733c3faaa', 'review', 'campus=seed', 'V-11', '{"id": "V-11", "text": "Review 11", "stars": 2}', '{"line": 12}'),
    ('979cdb67-9afc-8a0a-875c-ced3531acd40', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xa6df7b60794a982535b77607daf5e14dafb55ba34ddc4c45b910d14c494005ec', 'review', 'campus=seed', 'V-13', '{"id": "V-13", "text": "Review 13", "stars": 4}', '{"line": 14}'),
    ('9ab441f6-2818-8662-ab51-55347d589b2a', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x78fd40bb149c83d6445c7561fc81af5e4b689c234b5ecc467bd0b12f82dd5168', 'review', 'campus=seed', 'V-17', '{"id": "V-17", "text": "Review 17", "stars": 3}', '{"line": 18}'),
    ('9f1fb006-0384-804a-9342-fd58ab6b040e', base - interval '0.181388 s', base - interval '0.181388 s', base - interval '0.181388 s', null, '18', '18', '9', '1', '1', E'\\x59ca63a584affea038a8909e686d09751751300c2bb65437750d3df2c7865255', 'content', '', 'research/market_analysis', E'{"id": "research/market_analysis", "kind": "research", "path": "research/market-analysis.md", "size": 75, "content": "# Market\\n\\nMany developers want to learn Rust.\\n\\n## Competitors\\n\\n- One\\n- Two\\n", "summary": "Many developers want to learn Rust.", "text_hash": "0559c08a80db2906d8620bf66758d069e7429a8ba6e7177e047e85b04feffedc", "content_hash": "0559c08a80db2906d8620bf66758d069e7429a8ba6e7177e047e85b04feffedc", "num_competitors": 2}', '{"line": 10}'),
    ('9f4503ee-7f97-8d4d-b9e2-5dcb39ef5aaf', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\x082d3dcb1da4a475ac94d6a40ffa91838fd75a21124680bb93c8739f9286813f', 'room', 'campus=seed', '15', '{"id": "15", "title": "Room 15 of the library"}', '{"line": 16, "previous_keys": ["old-15"]}'),
    ('a20f62e9-0f1d-8e6a-975a-63ca0bb4adbf', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\x6641b46746384c3af9a045a45c1e8ee576568000ea5f620bf80e9a285a2408a5', 'room', 'campus=seed', '08', '{"id": "08", "title": "Room 8 of the library"}', '{"line": 9, "previous_keys": ["old-08"]}'),
    ('a594b40b-ab21-8531-a05b-05efe3041a05', base - interval '1209601.050305 s', base - interval '691201.050305 s', base - interval '691201.050305 s', null, '1', '4', '1', '3', '1', E'\\x088f4ee45541360917ac51b92b13b7314a7d5047408ef9a2179787d495da81c1', 'course', 'campus=seed', 'CSC-101', '{"id": "CSC-101", "url": "https://courses.example.com/CSC-101", "seats": 0, "title": "Introduction to Computing", "credits": "3 or 4", "modality": "online", "instructor": "Professor 0"}', '{"line": 1}'),
    ('a87391e6-092d-882f-b00f-f0c0e255dd84', base - interval '0.181388 s', base - interval '0.181388 s', base - interval '0.181388 s', null, '18', '18', '9', '1', '1', E'\\x4cc12be0a091bfe1fe23dc4a2e2eba86ebc25df374cbad7a37b81ff4f8d3a00c', 'content', '', 'outline', E'{"id": "outline", "kind": "outline", "path": "course-outline.md", "size": 45, "content": "# Outline\\n\\nTwo modules: ownership and types.\\n", "text_hash": "e0801ff5bbd3b249a237dfce6f6cd53175c2e99ebc44ba4aa16c60a3eeca2f6b", "content_hash": "e0801ff5bbd3b249a237dfce6f6cd53175c2e99ebc44ba4aa16c60a3eeca2f6b"}', '{"line": 2}'),
    ('ac329cac-e4d3-88b3-a34d-eb6e5005651a', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\x1ab6848d913972ef7320451a27f3f911502ee246285515b20f0d8950d5ffa72a', 'room', 'campus=seed', '10', '{"id": "10", "title": "Room 10 of the library"}', '{"line": 11, "previous_keys": ["old-10"]}'),
    ('b156a9b0-9cc5-83dc-a0b4-7890df918851', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xb3b94f443f352a1b3cc32c32b77b5eb7a6d98c0aca16f7a47265a19526f09cfe', 'review', 'campus=seed', 'V-07', '{"id": "V-07", "text": "Review 7", "stars": 3}', '{"line": 8}'),
    ('b6a2abf8-389b-8cc2-8f75-3bfa5c9c32c0', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x5a665ea7f51ef625627cfd4751d7ba5cff8d4f7cea0a9da59ebea7c02f58670c', 'review', 'campus=seed', 'V-18', '{"id": "V-18", "text": "Review 18", "stars": 4}', '{"line": 19}'),
    ('b8120a0c-0187-8ab3-bcb7-f9fa706b163b', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3456001.050305 s', null, '16', '16', '8', '1', '1', E'\\xd0d2140607f57208dd08033cfef3f3ff09ccf7eb73067b36ea64d89fde1f9a74', 'shuttle', 'campus=seed', 'N-2', '{"id": "N-2", "title": "Item 2"}', '{"line": 3}'),
    ('bb780164-b06d-80f5-908b-2230f7600903', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\xa22e1353adc74811c35eb7b1e1d9e18524444e8f10ec03fcefb20b419d9b44a6', 'course', 'campus=seed', 'CSC-108', '{"id": "CSC-108", "url": "https://courses.example.com/CSC-108", "seats": 27, "title": "Machine Learning", "credits": 4, "instructor": "Professor 1"}', '{"line": 8}'),
    ('bba0efc4-476f-8dc1-b153-14c1054d3e90', base - interval '2592001.050305 s', base - interval '2592001.050305 s', base - interval '2592001.050305 s', null, '13', '13', '5', '1', '1', E'\\xf5350d506dc2ac315808b4530f5faa9e943779ac6c443daf0b127ae2be3b6919', 'professor', 'campus=seed', 'P-4', '{"id": "P-4", "url": "https://people.example.com/4", "name": "Professor 4"}', '{"line": 5}'),
    ('bf1bf614-0e39-8bb0-be9e-256cb797474f', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x5d3c61c97111a536c56a0ff7b52b0a4c9343130121ffc67454a110772a0069e2', 'review', 'campus=seed', 'V-19', '{"id": "V-19", "text": "Review 19", "stars": 5}', '{"line": 20}'),
    ('c2048501-9700-8ffc-9e81-1f148c0949c8', base - interval '2592001.050305 s', base - interval '2592001.050305 s', base - interval '2592001.050305 s', null, '13', '13', '5', '1', '1', E'\\x7d2cce065049b7bbf4ab4a76e13e9589582203a223e274370116df3464a6c2de', 'professor', 'campus=seed', 'P-3', '{"id": "P-3", "url": "https://people.example.com/3", "name": "Professor 3"}', '{"line": 4}'),
    ('c3cd8292-d699-8474-bf33-b4a3ac82e1d2', base - interval '0.181388 s', base - interval '0.181388 s', base - interval '0.181388 s', null, '18', '18', '9', '1', '1', E'\\x98be70eddaa669766c66aca8485310ff4be3ff601c3d2efb08c2ee1f933483b7', 'content', '', 'lesson/borrowing', E'{"id": "lesson/borrowing", "kind": "lesson", "path": "lessons/1.1-borrowing.md", "size": 609, "slug": "borrowing", "title": "Borrowing", "has_id": true, "lesson": 1, "module": 1, "content": "---\\nlesson_id: borrowing\\ntitle: Borrowing\\nbloom_level: apply\\nobjectives:\\n  - Lend a value\\nkey_concepts: [reference, owner]\\n---\\n\\n# Borrowing\\n\\n## Why it matters\\n\\nEvery program lends values.\\n\\n## Goal\\n\\nYou will lend a value without losing it.\\n\\n## Where you are\\n\\nYou know variables.\\n\\n## Step by step\\n\\n1. Write a reference.\\n2. Pass it on.\\n\\n## Key concepts\\n\\nA reference lends a value. Think of it as a library that lends a book.\\n\\n## Reflection\\n\\nWhat happens if a reader never returns the book?\\n\\n## Summary\\n\\n- A reference lends.\\n- An owner keeps.\\n\\n## Quick action\\n\\nLend a string now.\\n\\n## Next lesson\\n\\nWe move values.\\n", "lesson_id": "borrowing", "text_hash": "a3a7dc9879ae5e4173c1bdfb300a341720e1117e27bf2227895a8bf904631ba6", "objectives": ["Lend a value"], "word_count": 77, "bloom_level": "apply", "content_hash": "a3a7dc9879ae5e4173c1bdfb300a341720e1117e27bf2227895a8bf904631ba6", "key_concepts": ["reference", "owner"]}', '{"line": 4}'),
    ('c3e1da2c-9d5c-8d3a-bc1f-ac80d021c1eb', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x416b3eab10de1600f4a72555012bda90fbc215bfe1cdb54b29c25b1ed0b595eb', 'review', 'campus=seed', 'V-12', '{"id": "V-12", "text": "Review 12", "stars": 3}', '{"line": 13}'),
    ('c611c17f-f567-8331-b981-af755d19bbfd', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x9bd2b3c438c1ab92432895275a2c618acd9aae76e9b97d1f773ed45a7ee3bc54', 'review', 'campus=seed', 'V-03', '{"id": "V-03", "text": "Review 3", "stars": 4}', '{"line": 4}'),
    ('c67cc7a3-385f-849d-81f1-60b67ed02cc0', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\xfac8cf2d4d60f63c0096c22ec8fb223386a26ddf1fd98cb9e3d397926cc03316', 'room', 'campus=seed', '05', '{"id": "05", "title": "Room 5 of the library"}', '{"line": 6, "previous_keys": ["old-05"]}'),
    ('c6db82b1-6152-8666-966b-426ccfe249f1', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\xd33073dc500e6cc90b995acb6b55ed71566ebf50f929795ecca4027ea4041198', 'room', 'campus=seed', '06', '{"id": "06", "title": "Room 6 of the library"}', '{"line": 7, "previous_keys": ["old-06"]}'),
    ('cc387de1-c03d-808d-9a1b-e4019f584604', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xc81a7220e929eab4b0a57311b8ae1cd6aaf3208b0089c3e5d957064f849e098e', 'review', 'campus=seed', 'V-04', '{"id": "V-04", "text": "Review 4", "stars": 5}', '{"line": 5}'),
    ('cd431d25-c591-8f60-bb87-e3e94c551c25', base - interval '0.181388 s', base - interval '0.181388 s', base - interval '0.181388 s', null, '18', '18', '9', '1', '1', E'\\xf9ac938dca80a59bc2ca64c68b6586e7b0340026973540dcbc77316402bca018', 'content', '', 'research/sources', E'{"id": "research/sources", "kind": "research", "path": "research/sources.md", "size": 21, "content": "# Sources\\n\\nThe book.\\n", "summary": "The book.", "text_hash": "6c812ea538cedfabcac8255cd4da3e2a5d908116a0f27ae0d74cb3cb6cfd704e", "content_hash": "6c812ea538cedfabcac8255cd4da3e2a5d908116a0f27ae0d74cb3cb6cfd704e"}', '{"line": 11}'),
    ('cdb10750-240c-82d4-8831-80f0b2794368', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x625cb8d90228e8f9a3b0686e6c15726e6bc771a485e39b050b31a6bd32c1c5e6', 'review', 'campus=seed', 'V-09', '{"id": "V-09", "text": "Review 9", "stars": 5}', '{"line": 10}'),
    ('ce2f5df3-4157-8572-a88d-af6aac08a399', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x8f14ec4fe402da1cd0ff0d579b70f089b8cbda1d02b9bcfbf3f2451edf766dda', 'review', 'campus=seed', 'V-05', '{"id": "V-05", "text": "Review 5", "stars": 1}', '{"line": 6}'),
    ('cf59566d-cb97-865d-a768-76c2e3a2f590', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\xd44ca0c4119d45b2b2396abd5c8a14e24267d80bbf20c29e11e2d29c8f5550b5', 'room', 'campus=seed', '09', '{"id": "09", "title": "Room 9 of the library"}', '{"line": 10, "previous_keys": ["old-09"]}'),
    ('d2e513a2-7755-8c70-a19f-2ecee55a4288', base - interval '604801.050305 s', base - interval '604801.050305 s', base - interval '604801.050305 s', null, '12', '12', '4', '1', '1', E'\\xe8103a4d66227c2af86ed685af88b5d0cc4db620a0ad81fe15dccc87ae51d1ce', 'event', 'campus=seed', 'E-03', '{"id": "E-03", "url": "https://events.example.com/3", "title": "Open lecture 3", "venue": "Main Hall", "starts": "2026-12-04T18:00:00Z"}', '{"line": 4}'),
    ('d451427c-a6fd-8a72-8cd5-dde550eb310e', base - interval '1209601.050305 s', base - interval '864001.050305 s', base - interval '864001.050305 s', null, '1', '3', '1', '1', '1', E'\\x467e5a68e184dda1a3759f5bfa1cc7428a74479747e18a8020b4a9e2908887ea', 'course', 'campus=seed', 'CSC-120', '{"id": "CSC-120", "url": "https://courses.example.com/CSC-120", "seats": 39, "title": "Chemistry I", "credits": 4, "instructor": "Professor 1"}', '{"line": 20}'),
    ('d8bdd3ba-152d-80f0-9073-32e24515a6f0', base - interval '3456001.050305 s', base - interval '3456001.050305 s', base - interval '3456001.050305 s', null, '15', '15', '7', '1', '1', E'\\x9411d5ddd63ea8a10ac33502b4fb8ad25b61a909e55fa85687c1d2ca417f1e7b', 'menu', 'campus=seed', 'N-1', '{"id": "N-1", "title": "Item 1"}', '{"line": 2}'),
    ('d97500c8-2d0d-8467-849b-29c9d4e9468d', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x9c90c6dfd7e5646d5b72a8de426567ec827a96c8f17d0a07f942650ecd26b731', 'review', 'campus=seed', 'V-22', '{"id": "V-22", "text": "Review 22", "stars": 3}', '{"line": 23}'),
    ('db1b32c0-640b-8fb4-a1cf-9c55abd53491', base - interval '1209601.050305 s', base - interval '691201.050305 s', base - interval '691201.050305 s', null, '1', '4', '1', '3', '1', E'\\xbd0e44b9c985831f5b6e3b8f86ea8c01ef727cc9538ec1f7672a352ae5a59985', 'course', 'campus=seed', 'CSC-102', '{"id": "CSC-102", "url": "https://courses.example.com/CSC-102", "seats": 0, "title": "Data Structures", "credits": "3 or 4", "modality": "online", "instructor": "Professor 1"}', '{"line": 2}'),
    ('dc715b17-5d8f-8dd3-aec7-fd026ac55d7f', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x6e44eea24753ba1047697d968bf56016d0ef2d710dc0b5001c82b8658d6dc632', 'review', 'campus=seed', 'V-16', '{"id": "V-16", "text": "Review 16", "stars": 2}', '{"line": 17}'),
    ('dd1dd733-5853-82f7-8623-76fa0aec6c5e', base - interval '0.181388 s', base - interval '0.181388 s', base - interval '0.181388 s', null, '18', '18', '9', '1', '1', E'\\x602f4a20684d8f9ea7f9f76d33443a0484ee4be91829fcc8dd5a949d6f4de283', 'content', '', 'lesson/mover', E'{"id": "lesson/mover", "kind": "lesson", "path": "lessons/1.2-mover.md", "size": 528, "slug": "mover", "title": "Mover", "has_id": true, "lesson": 2, "module": 1, "content": "---\\nlesson_id: mover\\ntitle: Mover\\nbloom_level: compreender\\n---\\n\\n# Mover\\n\\n## Gancho\\n\\nUm valor tem um dono.\\n\\n## Objetivo\\n\\nVocê vai mover um valor.\\n\\n## Onde você está\\n\\nVocê já conhece o empréstimo.\\n\\n## Passo a passo\\n\\n1. Crie um valor.\\n2. Mova o valor.\\n\\n## Conceitos-chave\\n\\nMover não copia. É como uma chave que muda de mão.\\n\\n## Para refletir\\n\\nQuem é o dono do valor depois?\\n\\n## Revisão estruturada\\n\\n- Mover muda o dono.\\n- O nome antigo não vale mais.\\n\\n## Ação rápida\\n\\nMova uma lista.\\n\\n## Próxima lição\\n\\nOs tipos.\\n", "lesson_id": "mover", "text_hash": "6909c4fc9f9e092bc74877e7958fae2b91f6eda9cfadeba0303da6ab4a1e54a8", "objectives": [], "word_count": 73, "bloom_level": "understand", "content_hash": "6909c4fc9f9e092bc74877e7958fae2b91f6eda9cfadeba0303da6ab4a1e54a8", "key_concepts": []}', '{"line": 5}'),
    ('dd661809-025a-83b1-9428-f1a234e0c53c', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\xde48614f71ffd73ff6ab87e12a24f61901a24ec250806f4b5c8d77302ee04429', 'course', 'campus=seed', 'CSC-116', '{"id": "CSC-116", "url": "https://courses.example.com/CSC-116", "seats": 35, "title": "Art of the Renaissance", "credits": 4, "instructor": "Professor 3"}', '{"line": 16}'),
    ('def071ba-6899-83f0-b76a-a9d3de791769', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\x8541294d507c4c7bf849c27fdadaa64aa3dbc3282e77dd8c4f9d23c0a468393b', 'course', 'campus=seed', 'CSC-107', '{"id": "CSC-107", "url": "https://courses.example.com/CSC-107", "seats": 26, "title": "Compilers", "credits": 3, "instructor": "Professor 0"}', '{"line": 7}'),
    ('dfba35a4-0495-890c-8f23-30084c94b7cf', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xe663a8e6ae48b5f9e6f12598586dc53907214636decfb2edd9f4ac3351b719e5', 'review', 'campus=seed', 'V-23', '{"id": "V-23", "text": "Review 23", "stars": 4}', '{"line": 24}'),
    ('dffad839-bb7c-8205-8ef9-e8df6d0d10d2', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xeca94299262c6d033bceb8fb3f6e805197d6f0830ded2ef8884b4934516aed92', 'review', 'campus=seed', 'V-08', '{"id": "V-08", "text": "Review 8", "stars": 4}', '{"line": 9}'),
    ('e2a1955f-b470-8bb7-acc2-4c102ffaaf4c', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\x6ba3bc2be6da1801d92fa663b36ef83aee8e0801e3fc34239f46b2b18a3acb12', 'course', 'campus=seed', 'CSC-109', '{"id": "CSC-109", "url": "https://courses.example.com/CSC-109", "seats": 28, "title": "Computer Graphics", "credits": 3, "instructor": "Professor 2"}', '{"line": 9}'),
    ('e33d9bf3-c34c-8d5a-9c20-da8b07290088', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\x079ef877500785bab5cef733f43dcd47feacb9374b1f5148bf01e38a046c4fc8', 'course', 'campus=seed', 'CSC-112', '{"id": "CSC-112", "url": "https://courses.example.com/CSC-112", "seats": 31, "title": "Calculus I", "credits": 4, "instructor": "Professor 5"}', '{"line": 12}'),
    ('e47af8c0-79b0-8ab3-8b59-01512909c53b', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\x8ee5a07d79d8c4dd5bc3f2798daaf489de874541a74370bac879404816180393', 'room', 'campus=seed', '18', '{"id": "18", "title": "Room 18 of the library"}', '{"line": 19, "previous_keys": ["old-18"]}'),
    ('e61640e9-1eea-85cd-a51d-e9a33e47df31', base - interval '1209601.050305 s', base - interval '1036801.050305 s', base - interval '1036801.050305 s', null, '1', '2', '1', '2', '1', E'\\xcdd045030f70ba0aa4362b3ba96c9b4a23812ccc4fb219b62ec45d4f9761bc21', 'course', 'campus=seed', 'CSC-105', '{"id": "CSC-105", "url": "https://courses.example.com/CSC-105", "seats": 0, "title": "Databases", "credits": 3, "instructor": "Professor 4"}', '{"line": 5}'),
    ('e8aa8444-db2e-82c5-aace-428470f58c28', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xd13d4bbf8af701ed2dd813bbe5528b219e210985099c12d32af2e765c8936603', 'review', 'campus=seed', 'V-24', '{"id": "V-24", "text": "Review 24", "stars": 5}', '{"line": 25}'),
    ('ebdfd774-c11b-8ca9-a9c4-c736629ea770', base - interval '0.181388 s', base - interval '0.181388 s', base - interval '0.181388 s', null, '18', '18', '9', '1', '1', E'\\x8096140535106e8b88837a3a16a4b1871ce446745c5bdcd96b70087874ada941', 'content', '', 'research/differentiation', E'{"id": "research/differentiation", "kind": "research", "path": "research/differentiation.md", "size": 36, "content": "# Differentiation\\n\\nOwnership first.\\n", "summary": "Ownership first.", "text_hash": "0df3304fca4f9006681d137dc3c2ae0458cf9ede948c5f7046271fb1da3e7ec7", "content_hash": "0df3304fca4f9006681d137dc3c2ae0458cf9ede948c5f7046271fb1da3e7ec7"}', '{"line": 9}'),
    ('ec06e1db-4e61-81d9-ad97-578d3873bf83', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\xf1de2c3cf820a453030d1d9abe93e129a523ef182ab551e74dad63b2d16478fe', 'course', 'campus=seed', 'CSC-115', '{"id": "CSC-115", "url": "https://courses.example.com/CSC-115", "seats": 34, "title": "World History", "credits": 3, "instructor": "Professor 2"}', '{"line": 15}'),
    ('ecb49bd3-7ca7-8106-8883-2e829c930bb6', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\xbb1386f70c60e5dfd7b9ceaa905a4f369c4c7e5db986020c579bf9b7d73e1b14', 'review', 'campus=seed', 'V-10', '{"id": "V-10", "text": "Review 10", "stars": 1}', '{"line": 11}'),
    ('ee372e40-6469-8021-ab32-9c89cdabd483', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\x4702fd2bef356815d3821a673e8fd3126e58746423473e3543c1734b2696641e', 'course', 'campus=seed', 'CSC-113', '{"id": "CSC-113", "url": "https://courses.example.com/CSC-113", "seats": 32, "title": "Calculus II", "credits": 3, "instructor": "Professor 0"}', '{"line": 13}'),
    ('f389559e-0a77-8e0c-812f-3ebd731c8171', base - interval '604801.050305 s', base - interval '604801.050305 s', base - interval '604801.050305 s', null, '12', '12', '4', '1', '1', E'\\x6c07c55f89ce66f9d0cf44914e0e13f13dc0b18934d914e0c1d47e42ad87c0b3', 'event', 'campus=seed', 'E-00', '{"id": "E-00", "url": "https://events.example.com/0", "title": "Open lecture 0", "venue": "Main Hall", "starts": "2026-12-01T18:00:00Z"}', '{"line": 1}'),
    ('f6451189-7a01-8761-b8ef-7c8d35af19eb', base - interval '777601.050305 s', base - interval '777601.050305 s', base - interval '777601.050305 s', null, '8', '8', '3', '1', '1', E'\\x91d62032267b2529657b93204ce6e87aa05ec1929898e779923a69d129d0f1ff', 'review', 'campus=seed', 'V-20', '{"id": "V-20", "text": "Review 20", "stars": 1}', '{"line": 21}'),
    ('f75b1e3d-4a00-8df6-8bd3-d616e0538f8f', base - interval '1209601.050305 s', base - interval '1209601.050305 s', base - interval '1209601.050305 s', null, '1', '1', '1', '1', '1', E'\\x0c2a51b7698ed9edb7e460b0e31ea7f49ed4c81f77bee17eb70e793c5102afe8', 'course', 'campus=seed', 'CSC-110', '{"id": "CSC-110", "url": "https://courses.example.com/CSC-110", "seats": 29, "title": "Software Engineering", "credits": 4, "instructor": "Professor 3"}', '{"line": 10}'),
    ('f7e4628c-782a-8dc9-a5cb-562a3d7ccc2e', base - interval '604801.050305 s', base - interval '604801.050305 s', base - interval '604801.050305 s', null, '12', '12', '4', '1', '1', E'\\x133dea56e7100698e8fe33230577c52cb748a387ccc09e87ab6c638133f89abf', 'event', 'campus=seed', 'E-02', '{"id": "E-02", "url": "https://events.example.com/2", "title": "Open lecture 2", "venue": "Main Hall", "starts": "2026-12-03T18:00:00Z"}', '{"line": 3}'),
    ('f81f60c9-77fa-880c-a8df-213087d5d1e2', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\xe84b9500f018ed978cbdc5e49e8a71577559375ef99337e282e7bfab5224f8f4', 'room', 'campus=seed', '16', '{"id": "16", "title": "Room 16 of the library"}', '{"line": 17, "previous_keys": ["old-16"]}'),
    ('faebdd49-ef29-8c17-a364-a811524b6db2', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\x11d6ec70e9986b7c9bdd69847f2cd16968c3b8254344f038e493310ddbc32396', 'room', 'campus=seed', '03', '{"id": "03", "title": "Room 3 of the library"}', '{"line": 4, "previous_keys": ["old-03"]}'),
    ('ff042565-d8b3-8059-8749-b250e146b2e0', base - interval '604801.050305 s', base - interval '259201.050305 s', base - interval '259201.050305 s', null, '12', '17', '4', '2', '1', E'\\x655c46588e0bb594eb57270e060c6ebc58400618dfe4770a92a86e72b0049782', 'event', 'campus=seed', 'E-09', '{"id": "E-09", "url": "https://events.example.com/9", "title": "Open lecture 9", "venue": "Library", "starts": "2026-12-10T18:00:00Z"}', '{"line": 10}'),
    ('ff9455d2-b4d2-8808-977e-2a944fa33591', base - interval '950401.050305 s', base - interval '432001.050305 s', base - interval '432001.050305 s', null, '6', '7', '2', '2', '1', E'\\xb70f54ba752811a61162d6491a689cacb4acff0b7d41ae50f0a0c0c1f8a99bbe', 'room', 'campus=seed', '01', '{"id": "01", "title": "Room 1 of the library"}', '{"line": 2, "previous_keys": ["old-01"]}');
    insert into forebay."content_pieces" (piece_id, created_at, updated_at, voice_fidelity_score, course_uuid, source_id, project, piece_slug, piece_type, title, persona_mind_id, keywords, own_tables, layout, status) overriding system value values
    ('1', base - interval '0.207478 s', base - interval '0.031322 s', '0.93', 'c881e6c5-974d-40d3-afbb-b8d6f3b579d4', '9', 'seed', 'rust-basics', 'course', 'Rust from the start', NULL, '{rust,borrowing}', NULL, 'creator-os', 'draft');
    perform setval(pg_get_serial_sequence('forebay."content_pieces"', 'piece_id'), (select max(piece_id) from forebay."content_pieces"));
    insert into forebay."circuit_breaker_state" (source_id, num_opened, num_recovered, changed_at, opened_at, retry_at, updated_at, failure_streak, state, reason_code, outcomes, outcome_times, probes, probe_leases) values
    ('1', '0', '0', base - interval '1.050305 s', null, null, base - interval '0.291263 s', '0', 'closed', 'new', '{success}', array[base - interval '1.050305 s']::timestamptz[], '{}', array[]::timestamptz[]),
    ('5', '1', '0', base - interval '1.050305 s', base - interval '1.050305 s', base - interval '-86398.949695 s', base - interval '0.291263 s', '5', 'open', 'consecutive_failures', '{transient,transient,transient,transient,transient}', array[base - interval '1.050305 s', base - interval '1.050305 s', base - interval '1.050305 s', base - interval '1.050305 s', base - interval '1.050305 s']::timestamptz[], '{}', array[]::timestamptz[]),
    ('6', '1', '0', base - interval '1.050305 s', base - interval '3001.050305 s', null, base - interval '0.291263 s', '5', 'half_open', 'wait_over', '{transient,transient,transient,transient,transient}', array[base - interval '3001.050305 s', base - interval '3001.050305 s', base - interval '3001.050305 s', base - interval '3001.050305 s', base - interval '3001.050305 s']::timestamptz[], '{07070707-0707-0707-0707-070707070707}', array[base - interval '-598.949695 s']::timestamptz[]),
    ('7', '0', '0', base - interval '1.050305 s', null, null, base - interval '0.291263 s', '0', 'forced_open', 'opened_by_operator', '{}', array[]::timestamptz[], '{}', array[]::timestamptz[]),
    ('8', '0', '0', base - interval '1.050305 s', null, null, base - interval '0.291263 s', '0', 'disabled', 'disabled_by_operator', '{}', array[]::timestamptz[], '{}', array[]::timestamptz[]);
    insert into forebay."circuit_breaker_transitions" (transition_id, source_id, run_id, changed_at, from_state, to_state, reason_code) overriding system value values
    ('1', '5', NULL, base - interval '1.050305 s', 'closed', 'open', 'consecutive_failures'),
    ('2', '6', NULL, base - interval '3001.050305 s', 'closed', 'open', 'consecutive_failures'),
    ('3', '6', NULL, base - interval '1.050305 s', 'open', 'half_open', 'wait_over'),
    ('4', '7', NULL, base - interval '1.050305 s', 'closed', 'forced_open', 'opened_by_operator'),
    ('5', '8', NULL, base - interval '1.050305 s', 'closed', 'disabled', 'disabled_by_operator');
    perform setval(pg_get_serial_sequence('forebay."circuit_breaker_transitions"', 'transition_id'), (select max(transition_id) from forebay."circuit_breaker_transitions"));
    insert into forebay."course_lessons" (reference_id, piece_id, updated_at, gps_score, didatica_score, generation_seconds, generation_cost, num_retries, module_number, lesson_number, word_count, lesson_id, slug, title, content, bloom_level, objectives, key_concepts, validation_status, validation_issues, file_path, content_hash) values
    ('2c7bc1c2-ea77-82ec-821e-1f41ba8ac7fe', '1', base - interval '0.045883 s', '1', '1', NULL, NULL, NULL, '2', '1', '71', 'tipos', 'tipos', 'Tipos', '---
lesson_id: tipos
title: Tipos
bloom_level: analizar
---

# Tipos

## Por qué importa

Un tipo evita errores.

## Objetivo

Vas a elegir un tipo.

## Dónde estás

Ya conoces los valores.

## Paso a paso

1. Mira el valor.
2. Elige el tipo.

## Conceptos clave

Un tipo es como un molde. Cada valor tiene uno.

## Para reflexionar

¿Qué tipo tiene una lista vacía?

## Resumen

- Todo valor tiene un tipo.
- El compilador lo comprueba.

## Acción rápida

Escribe una función.

## Próxima lección

La vida de un valor.
', 'analyze', '{}', '{}', 'passed', '[]', 'lessons/2.1-tipos.md', E'\\xa50daa8cf3122a258c8085e4789028be33bbcf911b704368d2e754bd3b1eccc4'),
    ('67ca8cb6-6ee1-802a-a788-f52db909d45a', '1', base - interval '0.045883 s', '0.4', '0', NULL, NULL, NULL, '2', '2', '7', 'vida', 'vida', 'Vida', '---
lesson_id: vida
title: Vida
---

# Vida

## Objetivo

Ver cuánto vive un valor.
', NULL, '{}', '{}', 'failed', '[{"code": "missing_section", "hint": "Add a section such as `## Onde você está` or `## Where you are`", "line": null, "message": "the lesson has no position of the learner", "severity": "warning"}, {"code": "missing_section", "hint": "Add a section such as `## Passo a passo` or `## Steps`", "line": null, "message": "the lesson has no steps", "severity": "warning"}, {"code": "missing_section", "hint": "Add a section such as `## Gancho` or `## Why it matters`", "line": null, "message": "the lesson has no hook", "severity": "warning"}, {"code": "missing_section", "hint": "Add a section such as `## Conceitos-chave` or `## Key concepts`", "line": null, "message": "the lesson has no key concepts", "severity": "warning"}, {"code": "missing_section", "hint": "Add a section such as `## Próxima lição` or `## Next lesson`", "line": null, "message": "the lesson has no transition to the next lesson", "severity": "warning"}, {"code": "missing_section", "hint": "Add a section such as `## Para refletir` or `## Reflection`, with a question in it", "line": null, "message": "the lesson has no reflective question", "severity": "warning"}, {"code": "missing_section", "hint": "Add a section such as `## Analogia` or `## Analogy`, or an image", "line": null, "message": "the lesson has no analogy or diagram", "severity": "warning"}, {"code": "missing_section", "hint": "Add a section such as `## Revisão` or `## Review`, with a list or a table in it", "line": null, "message": "the lesson has no structured review", "severity": "warning"}, {"code": "missing_section", "hint": "Add a section such as `## Ação rápida` or `## Quick action`", "line": null, "message": "the lesson has no quick action", "severity": "warning"}]', 'lessons/2.2-vida.md', E'\\x5789ed16f3af667cb32f402bf51137c8ada2219788410d5919a341ea5415ca15'),
    ('c3cd8292-d699-8474-bf33-b4a3ac82e1d2', '1', base - interval '0.045883 s', '1', '1', NULL, NULL, NULL, '1', '1', '77', 'borrowing', 'borrowing', 'Borrowing', '---
lesson_id: borrowing
title: Borrowing
bloom_level: apply
objectives:
  - Lend a value
key_concepts: [reference, owner]
---

# Borrowing

## Why it matters

Every program lends values.

## Goal

You will lend a value without losing it.

## Where you are

You know variables.

## Step by step

1. Write a reference.
2. Pass it on.

## Key concepts

A reference lends a value. Think of it as a library that lends a book.

## Reflection

What happens if a reader never returns the book?

## Summary

- A reference lends.
- An owner keeps.

## Quick action

Lend a string now.

## Next lesson

We move values.
', 'apply', '{"Lend a value"}', '{reference,owner}', 'passed', '[]', 'lessons/1.1-borrowing.md', E'\\xa3a7dc9879ae5e4173c1bdfb300a341720e1117e27bf2227895a8bf904631ba6'),
    ('dd1dd733-5853-82f7-8623-76fa0aec6c5e', '1', base - interval '0.045883 s', '1', '1', NULL, NULL, NULL, '1', '2', '73', 'mover', 'mover', 'Mover', '---
lesson_id: mover
title: Mover
bloom_level: compreender
---

# Mover

## Gancho

Um valor tem um dono.

## Objetivo

Você vai mover um valor.

## Onde você está

Você já conhece o empréstimo.

## Passo a passo

1. Crie um valor.
2. Mova o valor.

## Conceitos-chave

Mover não copia. É como uma chave que muda de mão.

## Para refletir

Quem é o dono do valor depois?

## Revisão estruturada

- Mover muda o dono.
- O nome antigo não vale mais.

## Ação rápida

Mova uma lista.

## Próxima lição

Os tipos.
', 'understand', '{}', '{}', 'passed', '[]', 'lessons/1.2-mover.md', E'\\x6909c4fc9f9e092bc74877e7958fae2b91f6eda9cfadeba0303da6ab4a1e54a8');
    insert into forebay."course_metadata" (piece_id, updated_at, approved_at, total_modules, total_lessons, brief, outline, curriculum, icp, objectives, voice_profile, framework, course_type, level, approved_by, approved_hash) values
    ('1', base - interval '0.012289 s', base - interval '0.024151 s', '2', '4', '# Rust basics

## 1. Basic information

- **Name:** Rust from the start
- **Duration:** 40 minutes

## 2. ICP

People who know Python.

## 3. Content and pedagogy

Ownership first.

## 4. Voice

Calm and exact.

## 5. Format and delivery

Text.

## 6. Commercial

Free.

## 7. Additional context

None.

## 8. References

The book.
', '# Outline

Two modules: ownership and types.
', '{"course": {"type": "technical", "level": "beginner", "title": "Rust from the start", "duration": "40min"}, "modules": [{"title": "Ownership", "number": 1, "lessons": [{"title": "Borrowing", "duration": "10min", "file_path": "lessons/1.1-borrowing.md", "lesson_id": "borrowing"}, {"title": "Mover", "duration": "10min", "file_path": "lessons/1.2-mover.md", "lesson_id": "mover"}]}, {"title": "Types", "number": 2, "lessons": [{"title": "Tipos", "duration": "10min", "file_path": "lessons/2.1-tipos.md", "lesson_id": "tipos"}, {"title": "Vida", "duration": "10min", "file_path": "lessons/2.2-vida.md", "lesson_id": "vida"}]}], "metadata": {"keywords": ["rust", "borrowing"], "framework": "GPS"}, "learning_objectives": ["Write small programs"]}', 'People who know Python.', '{"Write small programs"}', 'Calm and exact.', 'GPS', 'technical', 'beginner', 'Ada Example', E'\\x4ff87aabfdc07aa07426a006b2412f2e002273b7964590246ba732f9aedc7fa5');
    insert into forebay."curriculum_approvals" (piece_id, approved_at, approved_by, curriculum, content_hash) values
    ('1', base - interval '0.024151 s', 'Ada Example', 'course:
  title: Rust from the start
  type: technical
  level: beginner
  duration: 40min
metadata:
  framework: GPS
  keywords: [rust, borrowing]
learning_objectives:
  - Write small programs
modules:
  - number: 1
    title: Ownership
    lessons:
      - lesson_id: borrowing
        title: Borrowing
        file_path: lessons/1.1-borrowing.md
        duration: 10min
      - lesson_id: mover
        title: Mover
        file_path: lessons/1.2-mover.md
        duration: 10min
  - number: 2
    title: Types
    lessons:
      - lesson_id: tipos
        title: Tipos
        file_path: lessons/2.1-tipos.md
        duration: 10min
      - lesson_id: vida
        title: Vida
        file_path: lessons/2.2-vida.md
        duration: 10min
', E'\\x4ff87aabfdc07aa07426a006b2412f2e002273b7964590246ba732f9aedc7fa5');
    insert into forebay."ingestion_attempts" (attempt_id, reference_id, pipeline_id, payload_hash, generation, attempt, failure_class, reason_code, message, failed_at) overriding system value values
    ('1', '1d2c6c27-da86-84d3-bcf7-a61195fa1030', '2', E'\\xa91a350c832935bdc5cb3a6249afd86021f26c5c82c4aa46256d94090f84d993', '1', '1', 'transient', 'index_unreachable', 'the index did not answer', base - interval '0.374055 s'),
    ('2', '1e83c141-135d-8010-9f87-56cec126386c', '2', E'\\x5b0b0ddb80421ee757fef163a6bb620544e4d388f12b7926464245a27181e38f', '1', '1', 'permanent', 'document_refused', 'the index refused the document', base - interval '0.374055 s');
    perform setval(pg_get_serial_sequence('forebay."ingestion_attempts"', 'attempt_id'), (select max(attempt_id) from forebay."ingestion_attempts"));
    insert into forebay."ingestion_claims" (receipt, pipeline_id, claimed_at, lease_until, num_open, worker, reference_ids, cancelled) values
    ('f2293ec1-1799-4e2c-b355-fbe852b3c786', '2', base - interval '0.386766 s', base - interval '-86399.613234 s', '1', 'seed-worker-1', '{030b5000-85c3-86f5-ad8f-9e182f154ef4,0871017f-2841-85d4-8d26-8c82ce11ba18,1922b2d6-d3e5-899d-a271-5c358797e0c4,1d2c6c27-da86-84d3-bcf7-a61195fa1030,1e83c141-135d-8010-9f87-56cec126386c,3e2b79a1-1e89-841f-a673-8be41304bb5c}', '{}');
    insert into forebay."ingestion_handoffs" (reference_id, enqueued_at, not_before, receipt, run_id, next_run_id, next_enqueued_at, pipeline_id, source_id, version, generation, attempt, num_attempts, next_version, next_generation, priority, num_lost, is_cancelled, payload_hash, state, change, reason_code, failure_code, last_error, limit_key, next_limit_key, next_payload_hash, next_state, next_change, next_reason_code) values
    ('013af16d-c38a-81b4-a052-70a8601e34c7', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x3e92349a259b2561871aba535bc7649b63963fcadd3e033b835e0680af4ae18b', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('030b5000-85c3-86f5-ad8f-9e182f154ef4', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '1', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x48f15df7a1123f910b0222b586a2cfd48638f0505e75a948f3b6226ffe78a862', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('04c8d356-918b-8323-b085-6f1b4a3fe518', base - interval '0.147238 s', base - interval '0.147238 s', NULL, '18', NULL, null, '1', '9', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xbc0800db0e656da5ac28cac8ef382331d9e11c1fa48ae81d4c2096e8bcbb5db0', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('04eb8f16-39cc-86de-9aa8-5075afc56321', base - interval '0.147238 s', base - interval '0.147238 s', NULL, '18', NULL, null, '1', '9', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xe262de37c9d784684967ba29da32bd677eff31a928bdc02c7f0db4be05dd0e71', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('0871017f-2841-85d4-8d26-8c82ce11ba18', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '1', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x2555a4ee724fadf1f20a13e7fadaa285b176cecf82c2d4c99c7e99dadf540be0', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('096c42c7-188e-8dc7-8385-f60a17aef1e1', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x428fbceb7d51bd55428e3f59b85c21063fd377ce40ffec1fca9f37fd0959bcb7', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('0ab4b8ef-e69a-89c4-8bab-358faa4fc4df', base - interval '0.147238 s', base - interval '0.147238 s', NULL, '18', NULL, null, '1', '9', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x7a87931bef43ca0bf79dec3fc311964c53a1364716d72a92b1eeb7011c4a0c7a', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('0d65d28c-a930-8e72-b452-58869e11dd56', base - interval '0.417338 s', base - interval '0.417338 s', NULL, '15', NULL, null, '1', '7', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xd0d2140607f57208dd08033cfef3f3ff09ccf7eb73067b36ea64d89fde1f9a74', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('0ed0d7db-96f9-82ac-82a2-12e39fafc540', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x4f8ef4238a341cd68ef61f0a966f37809b3b08808726880d2838189db9faf233', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('0fbb363a-d5da-8d5f-8f91-95ef0fb9bd90', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x428697f4493eebcec4a068eaeedad3dd719c27cbab9663a7c96d14165ee85f6e', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('102a3214-fe02-8654-afb2-39ec22bf31d1', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x3d124fdae6c96f72b219f7581d2b5902ca729d3eead6b4d353acaefc7ea2aed1', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('13a8e8f7-86b0-82d0-9a14-3bcfb443e8cc', base - interval '0.397040 s', base - interval '0.397040 s', NULL, '16', NULL, null, '1', '8', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x9411d5ddd63ea8a10ac33502b4fb8ad25b61a909e55fa85687c1d2ca417f1e7b', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('1497d50f-36e7-8420-b5b1-44cb677ad603', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xe788635ebaae9dc9f665b2b0e875dddbcb5f27e8a852e4d0b926662376da3e7d', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('1922b2d6-d3e5-899d-a271-5c358797e0c4', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '1', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xaf3a20538cc24c1f585a103dee124d90caee88fb42026a3add352c01ea3e44d3', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('1996fc57-c049-89c4-beea-63333139faf8', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xc32abbd02a44e2c543ee0678bb08eb100c20b4a2be1620c63dfde4a76c8e3721', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('1d2c6c27-da86-84d3-bcf7-a61195fa1030', base - interval '0.508026 s', base - interval '-1.634694 s', NULL, '12', NULL, null, '2', '4', '1', '1', '1', '1', NULL, NULL, '0', '0', 'false', E'\\xa91a350c832935bdc5cb3a6249afd86021f26c5c82c4aa46256d94090f84d993', 'retrying', 'added', 'transient', 'index_unreachable', 'the index did not answer', NULL, NULL, NULL, NULL, NULL, NULL),
    ('1d2c6c27-da86-84d3-bcf7-a61195fa1030', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '1', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xa91a350c832935bdc5cb3a6249afd86021f26c5c82c4aa46256d94090f84d993', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('1e718ac6-ea65-8911-919b-7eb4da06d484', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x439befb5142681cb44bef10c6d07024287903e9cf804c2ce10d1ca5426b21c5d', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('1e83c141-135d-8010-9f87-56cec126386c', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '1', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x5b0b0ddb80421ee757fef163a6bb620544e4d388f12b7926464245a27181e38f', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('1edb7808-3beb-87e9-bd64-045a1ec35a7c', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x9896f6f756ddd798bac8b03d0973cad2fef8940d7ca62a7ff660c9c3661a36cb', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('2693263a-f67e-8941-b9c4-83621105cbea', base - interval '0.814504 s', base - interval '0.814504 s', NULL, '4', NULL, null, '1', '1', '4', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xa477ad687c2ce889a23db93b09f428d47f2f10c65cc4159c4a1c3b890a9a6138', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('27839c8d-fa0a-8c5e-b7fc-ad34383184e3', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x8f77def03718a9b1797d2afddbdc3defd2e1ac5e4e7dcb802fa14f7671166d52', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('2a2f6b45-1c16-8690-8732-f611686c9d05', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xc0cd171a4a9e0289cc9160384eac966a9a0f603a9ce7bec3504c5eff90e7fad7', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('2c7bc1c2-ea77-82ec-821e-1f41ba8ac7fe', base - interval '0.147238 s', base - interval '0.147238 s', NULL, '18', NULL, null, '1', '9', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x751c6bb3b4741ff9c48b400600bfb66d3d0fb40661b6c9e75f5eb8525e055e88', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('2ebbfbbc-0a92-8ace-8190-7a45afdc7fee', base - interval '0.147238 s', base - interval '0.147238 s', NULL, '18', NULL, null, '1', '9', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xe49ba8a026ec7c3cd1665aac6f31ab0043bbdc297fa1dda85aa7beede6167fdb', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('311f936f-ae24-8b9d-b143-4155c89f6362', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x2f12f52db94bebdcd53d5fecef1f836bfd19238a0d86670652cdfba88eff0541', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('381b432b-71a0-8230-a705-bbda2d559c64', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x204b6555e25947f1facbeb3e6d708b6d40b2b32a853358bcf31d7823fa8da70d', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('3b55cda2-ea8d-8d67-a9ee-e5c8e0a925c1', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xf5589d9a5546480fc2d6b43dd65c55684a067fcf3ab1e4fd4888387d5f266fce', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('3e2b79a1-1e89-841f-a673-8be41304bb5c', base - interval '0.508026 s', base - interval '0.508026 s', 'f2293ec1-1799-4e2c-b355-fbe852b3c786', '12', NULL, null, '2', '4', '1', '1', '1', '0', NULL, NULL, '0', '0', 'false', E'\\xb18d77aa8e72aa50bfcf42b59b0f6b1e3a56d68c1c3e3f6514ee71c896cf61b3', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('3e2b79a1-1e89-841f-a673-8be41304bb5c', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '1', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xb18d77aa8e72aa50bfcf42b59b0f6b1e3a56d68c1c3e3f6514ee71c896cf61b3', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('3e462df3-9c95-8028-9904-bfc2d352114b', base - interval '0.477780 s', base - interval '0.477780 s', NULL, '13', NULL, null, '1', '5', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x1713ced5ec9b137f63a9399bd75f33b25dbfb77c2867f300ba06381dc5c27159', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('4218bb55-997e-8ceb-9619-0e45ddc8e586', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x840fca495b8b40a510852f12af5964c89faa71b268f6f0ab7952e8648456d294', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('450ce9c1-ec5d-8153-abd5-664a606f3733', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '1', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xc6702169cb727c62c38cc3442f358133af9c46df390423dd8c9f961e9e31f834', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('470fc1e4-b118-876e-8214-4fa1e7dadbdd', base - interval '0.477780 s', base - interval '0.477780 s', NULL, '13', NULL, null, '1', '5', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x143f3bcac2b9df3986ef8864d005ed4b8a4c8b1362eb0531c73d2c8dfeb7ea81', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('4b4b2327-91f9-8395-b2d2-bfd380cbdbb1', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xd3000d35da65a2b16f8c77688140e8284c225976d74ffbdf997e83cdbc298ac5', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('4c276159-5ad0-8261-8a26-f7ef4ffdb2ad', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xd46970a07b4bae84098056de94262bc705913e411b767db27fb13296c883969f', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('4e610b0e-a2c3-863e-8350-6b9d9f3e4443', base - interval '0.397040 s', base - interval '0.397040 s', NULL, '16', NULL, null, '1', '8', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x2ce91362b2f537f03bd644ca2518ecc3210d440e62fdf456d96e573700b15a94', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('504a78c8-9d52-8fe5-a319-6ebf83c271ed', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x823232b33a7d397caa532bac0d986ca1cbdbe0a5ced81b3f6b6e7533ae766da0', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('504e8eb1-20ed-8ba9-b8c1-13ee910ad530', base - interval '0.477780 s', base - interval '0.477780 s', NULL, '13', NULL, null, '1', '5', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x704a9d539211fccf2e4c9a00f822bb3a80d139766db4469e577ebf3b49fb173a', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('5272f6cb-c1b8-84dc-9ecc-9532a0d599fa', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x9070e1ed0b4622b863a2001667d7e0a6d857f240aa77b62ae772dcd074929254', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('566a7813-5c3d-8b0b-990a-148890576628', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xadef868f34a61b9f7856c5c7ddcc54ec7c6e56d826b18dcc6c7b7ae9fdae483a', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('5a250b82-6f49-8010-8349-ea2e4fe4e8cc', base - interval '0.417338 s', base - interval '0.417338 s', NULL, '15', NULL, null, '1', '7', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x85aff30d333225083f2fdb5743f447f083c2ce5905884787bc55bc66ce728ce4', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('5ba361ff-dda5-8080-a25b-bad1d1105934', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x38fdb27286a6063e8d4ca8165df711c9879d4962b65211e2792af33b09eacfe9', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('60d2ed67-2b1b-8edb-96f9-8ce5a7a87ba1', base - interval '0.417338 s', base - interval '0.417338 s', NULL, '15', NULL, null, '1', '7', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x2ce91362b2f537f03bd644ca2518ecc3210d440e62fdf456d96e573700b15a94', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('61f30670-291d-81cf-add2-8f456933d1dd', base - interval '0.450189 s', base - interval '0.450189 s', NULL, '14', NULL, null, '1', '6', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x85aff30d333225083f2fdb5743f447f083c2ce5905884787bc55bc66ce728ce4', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('67ca8cb6-6ee1-802a-a788-f52db909d45a', base - interval '0.147238 s', base - interval '0.147238 s', NULL, '18', NULL, null, '1', '9', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x3ccc398c4178ffb0093f1c672adceb1359c54d3d935ee9f3a1cc517e84e5456e', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('7130cebc-b267-8aaa-9c45-80e88984fd97', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xf42a078938242080dbb23b8dfd9ee8d0f11fdf216106283685366e877c17e58c', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('72124a22-e0ca-876b-8e77-325112656044', base - interval '0.477780 s', base - interval '0.477780 s', NULL, '13', NULL, null, '1', '5', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x6abd32023a836563c1691b0a1119e0818a220c85485daef1d58d0778156d11a3', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('7af019ab-b357-8aed-b1be-6a2bd99fc309', base - interval '0.450189 s', base - interval '0.450189 s', NULL, '14', NULL, null, '1', '6', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x2ce91362b2f537f03bd644ca2518ecc3210d440e62fdf456d96e573700b15a94', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('7b7c6798-42eb-8bd3-82fd-222ae3a4b70d', base - interval '0.450189 s', base - interval '0.450189 s', NULL, '14', NULL, null, '1', '6', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xd0d2140607f57208dd08033cfef3f3ff09ccf7eb73067b36ea64d89fde1f9a74', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('8098fb49-fb03-80bc-a44e-b3e8804538e6', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '1', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xd7200bdd0b0b91eda2aaf5fdf97710242bf34c9e45d37e5b2cda6a1c28ad5314', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('8098fb49-fb03-80bc-a44e-b3e8804538e6', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '2', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xd7200bdd0b0b91eda2aaf5fdf97710242bf34c9e45d37e5b2cda6a1c28ad5314', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('82822077-b1b3-8a29-b85c-a6fe3eb63b9e', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xe2cd408bf7dc5ee44f3c43e666f90a5f66d0e227705e31cf3139a2d1fb13110c', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('855d419a-a6e1-84de-ae55-c995d840403a', base - interval '0.450189 s', base - interval '0.450189 s', NULL, '14', NULL, null, '1', '6', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x9411d5ddd63ea8a10ac33502b4fb8ad25b61a909e55fa85687c1d2ca417f1e7b', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('857194ee-405e-8169-962a-f705de126aee', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xd68f2faf47ba55515e4aa7aeffa8036187fed4124921c372d8bc7f6f68c8d650', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('85ecbc08-5371-8327-b4f7-f7d010e2c1ea', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xe15fe47e3f56b5112e784818c49d22e97d9d2e752f28a407b5037c7e65903db2', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('86433636-dfa5-860c-ad74-48c37fdeeef6', base - interval '0.397040 s', base - interval '0.397040 s', NULL, '16', NULL, null, '1', '8', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x85aff30d333225083f2fdb5743f447f083c2ce5905884787bc55bc66ce728ce4', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('8f0f4a72-ae6c-884a-b464-e026b4625e9d', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x6ce6776b77abab55dc3e3e1744f6a42690f714217035942192d1fb09cb6df970', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('9064d729-53bb-8193-b543-518009c9b06b', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xd140c85e4db74ab2b838351a5cdb3f075e1f6cc3fecc16e59f2c0cdd104c4db4', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('90b2c050-72f6-8dff-b59b-7eb58fdd6f82', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x0436645fd9155fcc02bc37b7ec7a754a333acb5c991df44b085ac0e0703fea3f', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('9189abfd-0a82-8298-a412-917c88afeba0', base - interval '0.814504 s', base - interval '0.814504 s', NULL, '4', NULL, null, '1', '1', '3', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xa7a0749ef8bdc293f1eba685567df950cdb9fc755da7c4dc54098e97bd883642', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('941a844c-d6ad-8cc8-abe5-7be8c9eefa5d', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xc7d122dcc7b128434e35902e47435fbb50f0d4b48cddeb49148e8a7733c3faaa', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('979cdb67-9afc-8a0a-875c-ced3531acd40', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xa6df7b60794a982535b77607daf5e14dafb55ba34ddc4c45b910d14c494005ec', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('9ab441f6-2818-8662-ab51-55347d589b2a', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x78fd40bb149c83d6445c7561fc81af5e4b689c234b5ecc467bd0b12f82dd5168', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('9f1fb006-0384-804a-9342-fd58ab6b040e', base - interval '0.147238 s', base - interval '0.147238 s', NULL, '18', NULL, null, '1', '9', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x59ca63a584affea038a8909e686d09751751300c2bb65437750d3df2c7865255', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('9f4503ee-7f97-8d4d-b9e2-5dcb39ef5aaf', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x082d3dcb1da4a475ac94d6a40ffa91838fd75a21124680bb93c8739f9286813f', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('a20f62e9-0f1d-8e6a-975a-63ca0bb4adbf', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x6641b46746384c3af9a045a45c1e8ee576568000ea5f620bf80e9a285a2408a5', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('a594b40b-ab21-8531-a05b-05efe3041a05', base - interval '0.814504 s', base - interval '0.814504 s', NULL, '4', NULL, null, '1', '1', '3', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x088f4ee45541360917ac51b92b13b7314a7d5047408ef9a2179787d495da81c1', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('a87391e6-092d-882f-b00f-f0c0e255dd84', base - interval '0.147238 s', base - interval '0.147238 s', NULL, '18', NULL, null, '1', '9', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x4cc12be0a091bfe1fe23dc4a2e2eba86ebc25df374cbad7a37b81ff4f8d3a00c', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('ac329cac-e4d3-88b3-a34d-eb6e5005651a', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x1ab6848d913972ef7320451a27f3f911502ee246285515b20f0d8950d5ffa72a', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('b156a9b0-9cc5-83dc-a0b4-7890df918851', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xb3b94f443f352a1b3cc32c32b77b5eb7a6d98c0aca16f7a47265a19526f09cfe', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('b6a2abf8-389b-8cc2-8f75-3bfa5c9c32c0', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x5a665ea7f51ef625627cfd4751d7ba5cff8d4f7cea0a9da59ebea7c02f58670c', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('b8120a0c-0187-8ab3-bcb7-f9fa706b163b', base - interval '0.397040 s', base - interval '0.397040 s', NULL, '16', NULL, null, '1', '8', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xd0d2140607f57208dd08033cfef3f3ff09ccf7eb73067b36ea64d89fde1f9a74', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('bb780164-b06d-80f5-908b-2230f7600903', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xa22e1353adc74811c35eb7b1e1d9e18524444e8f10ec03fcefb20b419d9b44a6', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('bba0efc4-476f-8dc1-b153-14c1054d3e90', base - interval '0.477780 s', base - interval '0.477780 s', NULL, '13', NULL, null, '1', '5', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xf5350d506dc2ac315808b4530f5faa9e943779ac6c443daf0b127ae2be3b6919', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('bf1bf614-0e39-8bb0-be9e-256cb797474f', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x5d3c61c97111a536c56a0ff7b52b0a4c9343130121ffc67454a110772a0069e2', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('c2048501-9700-8ffc-9e81-1f148c0949c8', base - interval '0.477780 s', base - interval '0.477780 s', NULL, '13', NULL, null, '1', '5', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x7d2cce065049b7bbf4ab4a76e13e9589582203a223e274370116df3464a6c2de', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('c3cd8292-d699-8474-bf33-b4a3ac82e1d2', base - interval '0.147238 s', base - interval '0.147238 s', NULL, '18', NULL, null, '1', '9', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x98be70eddaa669766c66aca8485310ff4be3ff601c3d2efb08c2ee1f933483b7', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('c3e1da2c-9d5c-8d3a-bc1f-ac80d021c1eb', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x416b3eab10de1600f4a72555012bda90fbc215bfe1cdb54b29c25b1ed0b595eb', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('c611c17f-f567-8331-b981-af755d19bbfd', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x9bd2b3c438c1ab92432895275a2c618acd9aae76e9b97d1f773ed45a7ee3bc54', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('c67cc7a3-385f-849d-81f1-60b67ed02cc0', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xfac8cf2d4d60f63c0096c22ec8fb223386a26ddf1fd98cb9e3d397926cc03316', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('c6db82b1-6152-8666-966b-426ccfe249f1', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xd33073dc500e6cc90b995acb6b55ed71566ebf50f929795ecca4027ea4041198', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('cc387de1-c03d-808d-9a1b-e4019f584604', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xc81a7220e929eab4b0a57311b8ae1cd6aaf3208b0089c3e5d957064f849e098e', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('cd431d25-c591-8f60-bb87-e3e94c551c25', base - interval '0.147238 s', base - interval '0.147238 s', NULL, '18', NULL, null, '1', '9', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xf9ac938dca80a59bc2ca64c68b6586e7b0340026973540dcbc77316402bca018', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('cdb10750-240c-82d4-8831-80f0b2794368', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x625cb8d90228e8f9a3b0686e6c15726e6bc771a485e39b050b31a6bd32c1c5e6', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('ce2f5df3-4157-8572-a88d-af6aac08a399', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x8f14ec4fe402da1cd0ff0d579b70f089b8cbda1d02b9bcfbf3f2451edf766dda', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('cf59566d-cb97-865d-a768-76c2e3a2f590', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xd44ca0c4119d45b2b2396abd5c8a14e24267d80bbf20c29e11e2d29c8f5550b5', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('d2e513a2-7755-8c70-a19f-2ecee55a4288', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '1', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xe8103a4d66227c2af86ed685af88b5d0cc4db620a0ad81fe15dccc87ae51d1ce', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('d2e513a2-7755-8c70-a19f-2ecee55a4288', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '2', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xe8103a4d66227c2af86ed685af88b5d0cc4db620a0ad81fe15dccc87ae51d1ce', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('d451427c-a6fd-8a72-8cd5-dde550eb310e', base - interval '0.857275 s', base - interval '0.857275 s', NULL, '3', NULL, null, '1', '1', '1', '3', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x467e5a68e184dda1a3759f5bfa1cc7428a74479747e18a8020b4a9e2908887ea', 'pending', 'restored', 'restored', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('d8bdd3ba-152d-80f0-9073-32e24515a6f0', base - interval '0.417338 s', base - interval '0.417338 s', NULL, '15', NULL, null, '1', '7', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x9411d5ddd63ea8a10ac33502b4fb8ad25b61a909e55fa85687c1d2ca417f1e7b', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('d97500c8-2d0d-8467-849b-29c9d4e9468d', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x9c90c6dfd7e5646d5b72a8de426567ec827a96c8f17d0a07f942650ecd26b731', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('db1b32c0-640b-8fb4-a1cf-9c55abd53491', base - interval '0.814504 s', base - interval '0.814504 s', NULL, '4', NULL, null, '1', '1', '3', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xbd0e44b9c985831f5b6e3b8f86ea8c01ef727cc9538ec1f7672a352ae5a59985', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('dc715b17-5d8f-8dd3-aec7-fd026ac55d7f', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x6e44eea24753ba1047697d968bf56016d0ef2d710dc0b5001c82b8658d6dc632', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('dd1dd733-5853-82f7-8623-76fa0aec6c5e', base - interval '0.147238 s', base - interval '0.147238 s', NULL, '18', NULL, null, '1', '9', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x602f4a20684d8f9ea7f9f76d33443a0484ee4be91829fcc8dd5a949d6f4de283', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('dd661809-025a-83b1-9428-f1a234e0c53c', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xde48614f71ffd73ff6ab87e12a24f61901a24ec250806f4b5c8d77302ee04429', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('def071ba-6899-83f0-b76a-a9d3de791769', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x8541294d507c4c7bf849c27fdadaa64aa3dbc3282e77dd8c4f9d23c0a468393b', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('dfba35a4-0495-890c-8f23-30084c94b7cf', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xe663a8e6ae48b5f9e6f12598586dc53907214636decfb2edd9f4ac3351b719e5', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('dffad839-bb7c-8205-8ef9-e8df6d0d10d2', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xeca94299262c6d033bceb8fb3f6e805197d6f0830ded2ef8884b4934516aed92', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('e2a1955f-b470-8bb7-acc2-4c102ffaaf4c', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x6ba3bc2be6da1801d92fa663b36ef83aee8e0801e3fc34239f46b2b18a3acb12', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('e33d9bf3-c34c-8d5a-9c20-da8b07290088', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x079ef877500785bab5cef733f43dcd47feacb9374b1f5148bf01e38a046c4fc8', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('e47af8c0-79b0-8ab3-8b59-01512909c53b', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x8ee5a07d79d8c4dd5bc3f2798daaf489de874541a74370bac879404816180393', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('e61640e9-1eea-85cd-a51d-e9a33e47df31', base - interval '0.946533 s', base - interval '0.946533 s', NULL, '2', NULL, null, '1', '1', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xcdd045030f70ba0aa4362b3ba96c9b4a23812ccc4fb219b62ec45d4f9761bc21', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('e8aa8444-db2e-82c5-aace-428470f58c28', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xd13d4bbf8af701ed2dd813bbe5528b219e210985099c12d32af2e765c8936603', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('ebdfd774-c11b-8ca9-a9c4-c736629ea770', base - interval '0.147238 s', base - interval '0.147238 s', NULL, '18', NULL, null, '1', '9', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x8096140535106e8b88837a3a16a4b1871ce446745c5bdcd96b70087874ada941', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('ec06e1db-4e61-81d9-ad97-578d3873bf83', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xf1de2c3cf820a453030d1d9abe93e129a523ef182ab551e74dad63b2d16478fe', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('ecb49bd3-7ca7-8106-8883-2e829c930bb6', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xbb1386f70c60e5dfd7b9ceaa905a4f369c4c7e5db986020c579bf9b7d73e1b14', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('ee372e40-6469-8021-ab32-9c89cdabd483', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x4702fd2bef356815d3821a673e8fd3126e58746423473e3543c1734b2696641e', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('f389559e-0a77-8e0c-812f-3ebd731c8171', base - interval '0.508026 s', base - interval '0.365004 s', NULL, '12', NULL, null, '2', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x6c07c55f89ce66f9d0cf44914e0e13f13dc0b18934d914e0c1d47e42ad87c0b3', 'held', 'added', 'held', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('f389559e-0a77-8e0c-812f-3ebd731c8171', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '1', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x6c07c55f89ce66f9d0cf44914e0e13f13dc0b18934d914e0c1d47e42ad87c0b3', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('f6451189-7a01-8761-b8ef-7c8d35af19eb', base - interval '0.641563 s', base - interval '0.641563 s', NULL, '8', NULL, null, '1', '3', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x91d62032267b2529657b93204ce6e87aa05ec1929898e779923a69d129d0f1ff', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('f75b1e3d-4a00-8df6-8bd3-d616e0538f8f', base - interval '1.000614 s', base - interval '1.000614 s', NULL, '1', NULL, null, '1', '1', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x0c2a51b7698ed9edb7e460b0e31ea7f49ed4c81f77bee17eb70e793c5102afe8', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('f7e4628c-782a-8dc9-a5cb-562a3d7ccc2e', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '1', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x133dea56e7100698e8fe33230577c52cb748a387ccc09e87ab6c638133f89abf', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('f7e4628c-782a-8dc9-a5cb-562a3d7ccc2e', base - interval '0.508026 s', base - interval '0.508026 s', NULL, '12', NULL, null, '2', '4', '1', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x133dea56e7100698e8fe33230577c52cb748a387ccc09e87ab6c638133f89abf', 'pending', 'added', 'added', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('f81f60c9-77fa-880c-a8df-213087d5d1e2', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xe84b9500f018ed978cbdc5e49e8a71577559375ef99337e282e7bfab5224f8f4', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('faebdd49-ef29-8c17-a364-a811524b6db2', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x11d6ec70e9986b7c9bdd69847f2cd16968c3b8254344f038e493310ddbc32396', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('ff042565-d8b3-8059-8749-b250e146b2e0', base - interval '0.313755 s', base - interval '0.313755 s', NULL, '17', NULL, null, '1', '4', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x655c46588e0bb594eb57270e060c6ebc58400618dfe4770a92a86e72b0049782', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('ff042565-d8b3-8059-8749-b250e146b2e0', base - interval '0.313755 s', base - interval '0.313755 s', NULL, '17', NULL, null, '2', '4', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\x655c46588e0bb594eb57270e060c6ebc58400618dfe4770a92a86e72b0049782', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('ff9455d2-b4d2-8808-977e-2a944fa33591', base - interval '0.682961 s', base - interval '0.682961 s', NULL, '7', NULL, null, '1', '2', '2', '1', '0', '0', NULL, NULL, '0', '0', 'false', E'\\xb70f54ba752811a61162d6491a689cacb4acff0b7d41ae50f0a0c0c1f8a99bbe', 'pending', 'updated', 'updated', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    insert into forebay."ingestion_outcomes" (reference_id, enqueued_at, finished_at, run_id, pipeline_id, version, generation, num_attempts, payload_hash, state, change, reason_code, failure_code, last_error) values
    ('013af16d-c38a-81b4-a052-70a8601e34c7', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x2894e3818efd4e664cf7320e33e8ffcac146fd03d9934669e12084ec6375a143', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('030b5000-85c3-86f5-ad8f-9e182f154ef4', base - interval '0.508026 s', base - interval '0.377422 s', '12', '2', '1', '1', '0', E'\\x48f15df7a1123f910b0222b586a2cfd48638f0505e75a948f3b6226ffe78a862', 'succeeded', 'added', 'added', NULL, NULL),
    ('0871017f-2841-85d4-8d26-8c82ce11ba18', base - interval '0.508026 s', base - interval '0.377422 s', '12', '2', '1', '1', '0', E'\\x2555a4ee724fadf1f20a13e7fadaa285b176cecf82c2d4c99c7e99dadf540be0', 'succeeded', 'added', 'added', NULL, NULL),
    ('0ed0d7db-96f9-82ac-82a2-12e39fafc540', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\xb349d179a74077b63038556560fa32120d47ff4a046e94e13fe04de915561e3e', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('102a3214-fe02-8654-afb2-39ec22bf31d1', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x0759e087305265c11de7186542f1a215d2e20ab1189967aeb0ad99048f993805', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('1922b2d6-d3e5-899d-a271-5c358797e0c4', base - interval '0.508026 s', base - interval '0.377422 s', '12', '2', '1', '1', '0', E'\\xaf3a20538cc24c1f585a103dee124d90caee88fb42026a3add352c01ea3e44d3', 'succeeded', 'added', 'added', NULL, NULL),
    ('1996fc57-c049-89c4-beea-63333139faf8', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x9b86969a6a89d280af06aad5ac640aecea1e2e9716560518652029ce116003d8', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('1e83c141-135d-8010-9f87-56cec126386c', base - interval '0.508026 s', base - interval '0.374055 s', '12', '2', '1', '1', '1', E'\\x5b0b0ddb80421ee757fef163a6bb620544e4d388f12b7926464245a27181e38f', 'failed', 'added', 'permanent', 'document_refused', 'the index refused the document'),
    ('2693263a-f67e-8941-b9c4-83621105cbea', base - interval '0.857275 s', base - interval '0.814504 s', '3', '1', '3', '1', '0', E'\\x04f37d3b31c222352e7e3a2f479591b9206ee18ae051ffe29cd22a03e7cbd72a', 'superseded', 'updated', 'newer_version', NULL, NULL),
    ('2693263a-f67e-8941-b9c4-83621105cbea', base - interval '0.946533 s', base - interval '0.857275 s', '2', '1', '2', '1', '0', E'\\x1a0fbfa3562ae7559c97939a05357e192745370790efd30581688ea6084289c8', 'superseded', 'updated', 'newer_version', NULL, NULL),
    ('2693263a-f67e-8941-b9c4-83621105cbea', base - interval '1.000614 s', base - interval '0.946533 s', '1', '1', '1', '1', '0', E'\\xfefbe21a5f04eb13b17613680787e4223907c840e1c16a0d1ac2ae3529ca10db', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('27839c8d-fa0a-8c5e-b7fc-ad34383184e3', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x3cfc4d7a33e1f327400fd3791acd095bfed5ab4305dbfb94237b121293fb7f2c', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('2a2f6b45-1c16-8690-8732-f611686c9d05', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x20564eaacd649ed99b4a2d9a3d6a141d8d293249c5dcf4c0205cf583ca4d6a85', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('4218bb55-997e-8ceb-9619-0e45ddc8e586', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\xf16a8e2fa19648f343f21a77f02502cfbf3c5aee8737864f2fd0f25433c33545', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('450ce9c1-ec5d-8153-abd5-664a606f3733', base - interval '0.508026 s', base - interval '0.354054 s', '12', '2', '1', '1', '0', E'\\xc6702169cb727c62c38cc3442f358133af9c46df390423dd8c9f961e9e31f834', 'cancelled', 'added', 'cancelled', NULL, NULL),
    ('5ba361ff-dda5-8080-a25b-bad1d1105934', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x10139278ee8b30391a4372da02919df634716e9831fb42448c20f8bda81d85d3', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('82822077-b1b3-8a29-b85c-a6fe3eb63b9e', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x09d3a20772db6e99cdf10bfbf6b6debdfc10c29e639ead79cabd861e67074010', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('90b2c050-72f6-8dff-b59b-7eb58fdd6f82', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x9d436be55311b93764db4e48679989391a102211208da2b5ca8de4e3ac7dde2d', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('9189abfd-0a82-8298-a412-917c88afeba0', base - interval '0.946533 s', base - interval '0.814504 s', '2', '1', '2', '1', '0', E'\\x1cfcf16ed66002150bf4975e59e236b21337d71b7940773bf7f41d8b49d16f95', 'superseded', 'updated', 'newer_version', NULL, NULL),
    ('9189abfd-0a82-8298-a412-917c88afeba0', base - interval '1.000614 s', base - interval '0.946533 s', '1', '1', '1', '1', '0', E'\\xc1636c3c5b88ce24ad7f24d5eee37e3e49edf6071eaebf3aa3e25c96671eec7f', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('9f4503ee-7f97-8d4d-b9e2-5dcb39ef5aaf', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x8a3ef7dd92472f62ed39213f9b0e9e11d5e3def021232bba546992aa8734ea98', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('a20f62e9-0f1d-8e6a-975a-63ca0bb4adbf', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x42bcff4fa0ab24ccdbec52c0c1ae53d333629d704001b7fd895c798dba5fcebe', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('a594b40b-ab21-8531-a05b-05efe3041a05', base - interval '0.946533 s', base - interval '0.814504 s', '2', '1', '2', '1', '0', E'\\x94fcd848da9a69406ec5dc7c41deb2100e272b7aed64c94556d487a61de7fed2', 'superseded', 'updated', 'newer_version', NULL, NULL),
    ('a594b40b-ab21-8531-a05b-05efe3041a05', base - interval '1.000614 s', base - interval '0.946533 s', '1', '1', '1', '1', '0', E'\\x0b3046e65fea79e782e1f5cf65aa5e213e08da21ef2a2851aeaadecdb12742ac', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('ac329cac-e4d3-88b3-a34d-eb6e5005651a', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x14e200fa150c3217cb871c8e53cd7cc038b9952da3fab7c1e4f9023b90604545', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('c67cc7a3-385f-849d-81f1-60b67ed02cc0', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x0e2454f80f3dcf90386db4820a089404f84b5791d021a0a7c5a349c14675cca7', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('c6db82b1-6152-8666-966b-426ccfe249f1', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\xf65d3404a6bb73efc1ff3ba3f3608828ea0a9fd4f232a483cb8f6c539aff1806', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('cf59566d-cb97-865d-a768-76c2e3a2f590', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x0093d98b503e3f0acd83324e52e5fcfbba863feb6dc5ee867e3deef31721297e', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('db1b32c0-640b-8fb4-a1cf-9c55abd53491', base - interval '0.946533 s', base - interval '0.814504 s', '2', '1', '2', '1', '0', E'\\xe9f51aee83cf888b147a608c6cf7fcde533c34682762cf92130f080da04d2116', 'superseded', 'updated', 'newer_version', NULL, NULL),
    ('db1b32c0-640b-8fb4-a1cf-9c55abd53491', base - interval '1.000614 s', base - interval '0.946533 s', '1', '1', '1', '1', '0', E'\\x343fd21a31918dc9ff22384062119fd691a4e785284988c8a119524220dcb911', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('e47af8c0-79b0-8ab3-8b59-01512909c53b', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x0edbd6b6bb484a4376d497311402507a102b494fc17e4d85b49928323e11a578', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('e61640e9-1eea-85cd-a51d-e9a33e47df31', base - interval '1.000614 s', base - interval '0.946533 s', '1', '1', '1', '1', '0', E'\\xd35051fdc2dd65f9d959c318417424477cebf2937f02bc9d736107f0441b0ccb', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('f81f60c9-77fa-880c-a8df-213087d5d1e2', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\xdff6dfb009cfb51f28f9d661fe779f461ee873087165e8076e813de3196aa42f', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('faebdd49-ef29-8c17-a364-a811524b6db2', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\x263cc5e13e68a25d6932227a1ed30a378a59a79dff539f93e5b15c8817ede1c5', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('ff042565-d8b3-8059-8749-b250e146b2e0', base - interval '0.508026 s', base - interval '0.313755 s', '12', '1', '1', '1', '0', E'\\xf8690b98b4fc85d02d847fae0aa680415d932314c5ebc3acd7b3321a79288305', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('ff042565-d8b3-8059-8749-b250e146b2e0', base - interval '0.508026 s', base - interval '0.313755 s', '12', '2', '1', '1', '0', E'\\xf8690b98b4fc85d02d847fae0aa680415d932314c5ebc3acd7b3321a79288305', 'superseded', 'added', 'newer_version', NULL, NULL),
    ('ff9455d2-b4d2-8808-977e-2a944fa33591', base - interval '0.741833 s', base - interval '0.682961 s', '6', '1', '1', '1', '0', E'\\xa19475e3fdee97f2b75a02dbdb0af09d54615f5aa8b24048a49d052097992b04', 'superseded', 'added', 'newer_version', NULL, NULL);
    insert into forebay."market_research" (piece_id, updated_at, num_competitors, market_analysis, content_gaps, differentiation, sources, summary) values
    ('1', base - interval '0.147238 s', '2', '# Market

Many developers want to learn Rust.

## Competitors

- One
- Two
', '# Gaps

Other courses skip moves.
', '# Differentiation

Ownership first.
', '# Sources

The book.
', 'Many developers want to learn Rust.');
    insert into forebay."operator_actions" (action_id, acted_at, num_touched, action, target_kind, target, source_name, actor_name, actor_role, skin, acted_from, reason, parameters) overriding system value values
    ('1', base - interval '0.660165 s', '40', 'run_rekeyed', 'run', '7', 'seed.rooms', 'ada', 'operator', 'cli', 'seed', 'the library numbered its rooms anew', '{}'),
    ('2', base - interval '0.525353 s', '24', 'run_rejected', 'run', '11', 'seed.reviews', 'ada', 'operator', 'cli', 'seed', 'the site showed an error page', '{}'),
    ('3', base - interval '0.357087 s', '1', 'handoffs_held', 'handoffs', 'seed.index', NULL, 'ada', 'operator', 'cli', 'seed', 'the index is being moved', '{"reference_ids": ["f389559e-0a77-8e0c-812f-3ebd731c8171"], "num_references": 1}'),
    ('4', base - interval '0.345561 s', '1', 'handoffs_cancelled', 'handoffs', 'seed.index', NULL, 'ada', 'operator', 'cli', 'seed', 'the index is being moved', '{"running": false, "reference_ids": ["450ce9c1-ec5d-8153-abd5-664a606f3733"], "num_references": 1}');
    perform setval(pg_get_serial_sequence('forebay."operator_actions"', 'action_id'), (select max(action_id) from forebay."operator_actions"));
    insert into forebay."reference_aliases" (alias_id, reference_id, source_id, record_key, run_id, created_at) values
    ('0296791d-9575-8fc9-b663-485b1112a496', 'c6db82b1-6152-8666-966b-426ccfe249f1', '2', '06', '7', base - interval '0.682961 s'),
    ('0e2314af-5db9-89d2-b7d5-6d74d320ab7a', '82822077-b1b3-8a29-b85c-a6fe3eb63b9e', '2', '02', '7', base - interval '0.682961 s'),
    ('2fcbf9ca-4959-8889-81fa-dd873c5b64dd', '0ed0d7db-96f9-82ac-82a2-12e39fafc540', '2', '04', '7', base - interval '0.682961 s'),
    ('383148d9-20b0-844c-920c-49f19ad05402', '90b2c050-72f6-8dff-b59b-7eb58fdd6f82', '2', '00', '7', base - interval '0.682961 s'),
    ('3a7104f4-8d81-8dff-9f4a-dbf9acbbb5c4', '27839c8d-fa0a-8c5e-b7fc-ad34383184e3', '2', '11', '7', base - interval '0.682961 s'),
    ('48a5a749-7f80-8713-8b73-0d1ecf840e71', '5ba361ff-dda5-8080-a25b-bad1d1105934', '2', '13', '7', base - interval '0.682961 s'),
    ('62a11681-1237-88c8-b74a-5c881ac0d596', 'c67cc7a3-385f-849d-81f1-60b67ed02cc0', '2', '05', '7', base - interval '0.682961 s'),
    ('7072e286-8372-84e3-b86d-632e0b45504b', 'e47af8c0-79b0-8ab3-8b59-01512909c53b', '2', '18', '7', base - interval '0.682961 s'),
    ('86a731ec-db54-87fa-b4f8-5ce26f3f335c', '4218bb55-997e-8ceb-9619-0e45ddc8e586', '2', '12', '7', base - interval '0.682961 s'),
    ('8e80e2c3-39b0-8773-a96e-b34f695992a2', 'f81f60c9-77fa-880c-a8df-213087d5d1e2', '2', '16', '7', base - interval '0.682961 s'),
    ('903429d9-644f-8b7b-9c94-619760845af2', '1996fc57-c049-89c4-beea-63333139faf8', '2', '19', '7', base - interval '0.682961 s'),
    ('a1b8e847-f969-8ef3-b914-20a6d410d172', 'ff9455d2-b4d2-8808-977e-2a944fa33591', '2', '01', '7', base - interval '0.682961 s'),
    ('adb8c1eb-5b4e-8eb0-9d11-d9c6cce1909c', 'faebdd49-ef29-8c17-a364-a811524b6db2', '2', '03', '7', base - interval '0.682961 s'),
    ('bea313ed-a20a-8300-af9d-6a78c4543047', '013af16d-c38a-81b4-a052-70a8601e34c7', '2', '17', '7', base - interval '0.682961 s'),
    ('c001c5ec-5148-8022-bd2a-12aea811545d', '9f4503ee-7f97-8d4d-b9e2-5dcb39ef5aaf', '2', '15', '7', base - interval '0.682961 s'),
    ('dd4e0098-0540-85b1-9f29-f35d19346ead', 'a20f62e9-0f1d-8e6a-975a-63ca0bb4adbf', '2', '08', '7', base - interval '0.682961 s'),
    ('ed607d74-e59b-8850-81c6-d7f0d785d0e2', 'cf59566d-cb97-865d-a768-76c2e3a2f590', '2', '09', '7', base - interval '0.682961 s'),
    ('f7fa6d87-3f91-8908-96cb-f3d75142762d', '102a3214-fe02-8654-afb2-39ec22bf31d1', '2', '07', '7', base - interval '0.682961 s'),
    ('f97116e2-33f8-8704-815c-434c50f9b8b8', 'ac329cac-e4d3-88b3-a34d-eb6e5005651a', '2', '10', '7', base - interval '0.682961 s'),
    ('fc842217-090b-82a8-87ed-7dd877414ddb', '2a2f6b45-1c16-8690-8732-f611686c9d05', '2', '14', '7', base - interval '0.682961 s');
    perform forebay_private.ensure_month('reference_revisions', base - interval '4 days');
    perform forebay_private.ensure_month('reference_revisions', base - interval '3 days');
    perform forebay_private.ensure_month('reference_revisions', base - interval '6 days');
    perform forebay_private.ensure_month('reference_revisions', base - interval '5 days');
    perform forebay_private.ensure_month('reference_revisions', base - interval '9 days');
    perform forebay_private.ensure_month('reference_revisions', base - interval '8 days');
    perform forebay_private.ensure_month('reference_revisions', base - interval '11 days');
    perform forebay_private.ensure_month('reference_revisions', base - interval '10 days');
    perform forebay_private.ensure_month('reference_revisions', base - interval '13 days');
    perform forebay_private.ensure_month('reference_revisions', base - interval '12 days');
    insert into forebay."reference_revisions" (reference_id, changed_at, scrape_run_id, version, change, field_name, old_value, new_value) values
    ('013af16d-c38a-81b4-a052-70a8601e34c7', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-17"', '"17"'),
    ('0ed0d7db-96f9-82ac-82a2-12e39fafc540', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-04"', '"04"'),
    ('102a3214-fe02-8654-afb2-39ec22bf31d1', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-07"', '"07"'),
    ('1996fc57-c049-89c4-beea-63333139faf8', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-19"', '"19"'),
    ('2693263a-f67e-8941-b9c4-83621105cbea', base - interval '1036801.050305 s', '2', '2', 'updated', 'seats', '22', '0'),
    ('2693263a-f67e-8941-b9c4-83621105cbea', base - interval '691201.050305 s', '4', '4', 'updated', 'credits', '3', '"3 or 4"'),
    ('2693263a-f67e-8941-b9c4-83621105cbea', base - interval '691201.050305 s', '4', '4', 'updated', 'modality', NULL, '"online"'),
    ('2693263a-f67e-8941-b9c4-83621105cbea', base - interval '864001.050305 s', '3', '3', 'updated', 'title', '"Discrete Mathematics"', '"Discrete Structures"'),
    ('27839c8d-fa0a-8c5e-b7fc-ad34383184e3', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-11"', '"11"'),
    ('2a2f6b45-1c16-8690-8732-f611686c9d05', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-14"', '"14"'),
    ('4218bb55-997e-8ceb-9619-0e45ddc8e586', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-12"', '"12"'),
    ('5ba361ff-dda5-8080-a25b-bad1d1105934', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-13"', '"13"'),
    ('82822077-b1b3-8a29-b85c-a6fe3eb63b9e', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-02"', '"02"'),
    ('90b2c050-72f6-8dff-b59b-7eb58fdd6f82', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-00"', '"00"'),
    ('9189abfd-0a82-8298-a412-917c88afeba0', base - interval '1036801.050305 s', '2', '2', 'updated', 'seats', '23', '0'),
    ('9189abfd-0a82-8298-a412-917c88afeba0', base - interval '691201.050305 s', '4', '3', 'updated', 'credits', '4', '"3 or 4"'),
    ('9189abfd-0a82-8298-a412-917c88afeba0', base - interval '691201.050305 s', '4', '3', 'updated', 'modality', NULL, '"online"'),
    ('9f4503ee-7f97-8d4d-b9e2-5dcb39ef5aaf', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-15"', '"15"'),
    ('a20f62e9-0f1d-8e6a-975a-63ca0bb4adbf', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-08"', '"08"'),
    ('a594b40b-ab21-8531-a05b-05efe3041a05', base - interval '1036801.050305 s', '2', '2', 'updated', 'seats', '20', '0'),
    ('a594b40b-ab21-8531-a05b-05efe3041a05', base - interval '691201.050305 s', '4', '3', 'updated', 'credits', '3', '"3 or 4"'),
    ('a594b40b-ab21-8531-a05b-05efe3041a05', base - interval '691201.050305 s', '4', '3', 'updated', 'modality', NULL, '"online"'),
    ('ac329cac-e4d3-88b3-a34d-eb6e5005651a', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-10"', '"10"'),
    ('c67cc7a3-385f-849d-81f1-60b67ed02cc0', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-05"', '"05"'),
    ('c6db82b1-6152-8666-966b-426ccfe249f1', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-06"', '"06"'),
    ('cf59566d-cb97-865d-a768-76c2e3a2f590', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-09"', '"09"'),
    ('d451427c-a6fd-8a72-8cd5-dde550eb310e', base - interval '1036801.050305 s', '2', '1', 'removed', 'removed_at', NULL, '"2026-11-18T05:45:01.863083194Z"'),
    ('d451427c-a6fd-8a72-8cd5-dde550eb310e', base - interval '864001.050305 s', '3', '1', 'restored', 'removed_at', '"2026-11-18T05:45:01.863083Z"', NULL),
    ('db1b32c0-640b-8fb4-a1cf-9c55abd53491', base - interval '1036801.050305 s', '2', '2', 'updated', 'seats', '21', '0'),
    ('db1b32c0-640b-8fb4-a1cf-9c55abd53491', base - interval '691201.050305 s', '4', '3', 'updated', 'credits', '4', '"3 or 4"'),
    ('db1b32c0-640b-8fb4-a1cf-9c55abd53491', base - interval '691201.050305 s', '4', '3', 'updated', 'modality', NULL, '"online"'),
    ('e47af8c0-79b0-8ab3-8b59-01512909c53b', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-18"', '"18"'),
    ('e61640e9-1eea-85cd-a51d-e9a33e47df31', base - interval '1036801.050305 s', '2', '2', 'updated', 'seats', '24', '0'),
    ('f81f60c9-77fa-880c-a8df-213087d5d1e2', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-16"', '"16"'),
    ('faebdd49-ef29-8c17-a364-a811524b6db2', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-03"', '"03"'),
    ('ff042565-d8b3-8059-8749-b250e146b2e0', base - interval '259201.050305 s', '17', '2', 'updated', 'venue', '"Main Hall"', '"Library"'),
    ('ff9455d2-b4d2-8808-977e-2a944fa33591', base - interval '432001.050305 s', '7', '2', 'updated', 'id', '"old-01"', '"01"');
    insert into forebay."rejected_records" (rejected_id, run_id, input, line, byte_offset, reason_code, message, raw_text, raw_bytes, raw_length, rejected_at) overriding system value values
    ('1', '9', 'reviews.jsonl', '31', '1280', 'invalid_json', 'expected a value at byte 24, found the end of the text', '{"id": "V-30", "stars": ', NULL, '24', base - interval '0.616085 s'),
    ('10', '10', 'reviews.jsonl', '8', '203', 'invalid_json', 'expected a value at byte 0, found ''<''', '<html>502 Bad Gateway</html>', NULL, '28', base - interval '0.582891 s'),
    ('11', '10', 'reviews.jsonl', '9', '232', 'invalid_json', 'expected a value at byte 0, found ''<''', '<html>502 Bad Gateway</html>', NULL, '28', base - interval '0.582891 s'),
    ('12', '10', 'reviews.jsonl', '10', '261', 'invalid_json', 'expected a value at byte 0, found ''<''', '<html>502 Bad Gateway</html>', NULL, '28', base - interval '0.582891 s'),
    ('2', '9', 'reviews.jsonl', '32', '1305', 'missing_key', 'the key field "id" is missing', '{"stars": 4}', NULL, '12', base - interval '0.616085 s'),
    ('3', '10', 'reviews.jsonl', '1', '0', 'invalid_json', 'expected a value at byte 0, found ''<''', '<html>502 Bad Gateway</html>', NULL, '28', base - interval '0.582891 s'),
    ('4', '10', 'reviews.jsonl', '2', '29', 'invalid_json', 'expected a value at byte 0, found ''<''', '<html>502 Bad Gateway</html>', NULL, '28', base - interval '0.582891 s'),
    ('5', '10', 'reviews.jsonl', '3', '58', 'invalid_json', 'expected a value at byte 0, found ''<''', '<html>502 Bad Gateway</html>', NULL, '28', base - interval '0.582891 s'),
    ('6', '10', 'reviews.jsonl', '4', '87', 'invalid_json', 'expected a value at byte 0, found ''<''', '<html>502 Bad Gateway</html>', NULL, '28', base - interval '0.582891 s'),
    ('7', '10', 'reviews.jsonl', '5', '116', 'invalid_json', 'expected a value at byte 0, found ''<''', '<html>502 Bad Gateway</html>', NULL, '28', base - interval '0.582891 s'),
    ('8', '10', 'reviews.jsonl', '6', '145', 'invalid_json', 'expected a value at byte 0, found ''<''', '<html>502 Bad Gateway</html>', NULL, '28', base - interval '0.582891 s'),
    ('9', '10', 'reviews.jsonl', '7', '174', 'invalid_json', 'expected a value at byte 0, found ''<''', '<html>502 Bad Gateway</html>', NULL, '28', base - interval '0.582891 s');
    perform setval(pg_get_serial_sequence('forebay."rejected_records"', 'rejected_id'), (select max(rejected_id) from forebay."rejected_records"));
    insert into forebay."released_changes" (run_id, reference_id) values
    ('7', '013af16d-c38a-81b4-a052-70a8601e34c7'),
    ('7', '0296791d-9575-8fc9-b663-485b1112a496'),
    ('7', '0e2314af-5db9-89d2-b7d5-6d74d320ab7a'),
    ('7', '0ed0d7db-96f9-82ac-82a2-12e39fafc540'),
    ('7', '102a3214-fe02-8654-afb2-39ec22bf31d1'),
    ('7', '1996fc57-c049-89c4-beea-63333139faf8'),
    ('7', '27839c8d-fa0a-8c5e-b7fc-ad34383184e3'),
    ('7', '2a2f6b45-1c16-8690-8732-f611686c9d05'),
    ('7', '2fcbf9ca-4959-8889-81fa-dd873c5b64dd'),
    ('7', '383148d9-20b0-844c-920c-49f19ad05402'),
    ('7', '3a7104f4-8d81-8dff-9f4a-dbf9acbbb5c4'),
    ('7', '4218bb55-997e-8ceb-9619-0e45ddc8e586'),
    ('7', '48a5a749-7f80-8713-8b73-0d1ecf840e71'),
    ('7', '5ba361ff-dda5-8080-a25b-bad1d1105934'),
    ('7', '62a11681-1237-88c8-b74a-5c881ac0d596'),
    ('7', '7072e286-8372-84e3-b86d-632e0b45504b'),
    ('7', '82822077-b1b3-8a29-b85c-a6fe3eb63b9e'),
    ('7', '86a731ec-db54-87fa-b4f8-5ce26f3f335c'),
    ('7', '8e80e2c3-39b0-8773-a96e-b34f695992a2'),
    ('7', '903429d9-644f-8b7b-9c94-619760845af2'),
    ('7', '90b2c050-72f6-8dff-b59b-7eb58fdd6f82'),
    ('7', '9f4503ee-7f97-8d4d-b9e2-5dcb39ef5aaf'),
    ('7', 'a1b8e847-f969-8ef3-b914-20a6d410d172'),
    ('7', 'a20f62e9-0f1d-8e6a-975a-63ca0bb4adbf'),
    ('7', 'ac329cac-e4d3-88b3-a34d-eb6e5005651a'),
    ('7', 'adb8c1eb-5b4e-8eb0-9d11-d9c6cce1909c'),
    ('7', 'bea313ed-a20a-8300-af9d-6a78c4543047'),
    ('7', 'c001c5ec-5148-8022-bd2a-12aea811545d'),
    ('7', 'c67cc7a3-385f-849d-81f1-60b67ed02cc0'),
    ('7', 'c6db82b1-6152-8666-966b-426ccfe249f1'),
    ('7', 'cf59566d-cb97-865d-a768-76c2e3a2f590'),
    ('7', 'dd4e0098-0540-85b1-9f29-f35d19346ead'),
    ('7', 'e47af8c0-79b0-8ab3-8b59-01512909c53b'),
    ('7', 'ed607d74-e59b-8850-81c6-d7f0d785d0e2'),
    ('7', 'f7fa6d87-3f91-8908-96cb-f3d75142762d'),
    ('7', 'f81f60c9-77fa-880c-a8df-213087d5d1e2'),
    ('7', 'f97116e2-33f8-8704-815c-434c50f9b8b8'),
    ('7', 'faebdd49-ef29-8c17-a364-a811524b6db2'),
    ('7', 'fc842217-090b-82a8-87ed-7dd877414ddb'),
    ('7', 'ff9455d2-b4d2-8808-977e-2a944fa33591');
    insert into forebay."run_ends" (end_id, run_id, ended_at, is_release) overriding system value values
    ('1', '1', base - interval '0.987473 s', 'false'),
    ('10', '14', base - interval '0.429745 s', 'false'),
    ('11', '15', base - interval '0.409000 s', 'false'),
    ('12', '16', base - interval '0.388189 s', 'false'),
    ('13', '17', base - interval '0.292115 s', 'false'),
    ('14', '18', base - interval '0.088783 s', 'false'),
    ('2', '2', base - interval '0.894919 s', 'false'),
    ('3', '3', base - interval '0.842164 s', 'false'),
    ('4', '4', base - interval '0.801576 s', 'false'),
    ('5', '6', base - interval '0.730796 s', 'false'),
    ('6', '7', base - interval '0.657225 s', 'true'),
    ('7', '8', base - interval '0.630250 s', 'false'),
    ('8', '12', base - interval '0.497102 s', 'false'),
    ('9', '13', base - interval '0.465084 s', 'false');
    perform setval(pg_get_serial_sequence('forebay."run_ends"', 'end_id'), (select max(end_id) from forebay."run_ends"));
    perform forebay_private.ensure_month('scrape_logs', base - interval '2 days');
    perform forebay_private.ensure_month('scrape_logs', base - interval '1 days');
    perform forebay_private.ensure_month('scrape_logs', base - interval '8 days');
    perform forebay_private.ensure_month('scrape_logs', base - interval '7 days');
    perform forebay_private.ensure_month('scrape_logs', base - interval '9 days');
    perform forebay_private.ensure_month('scrape_logs', base - interval '8 days');
    insert into forebay."scrape_logs" (log_id, run_id, logged_at, level, message, metadata) values
    ('1', '4', base - interval '691201.050305 s', 'info', 'read 20 records', '{"page": 1}'),
    ('2', '4', base - interval '691200.050305 s', 'debug', 'the page has a new column', '{"column": "modality"}'),
    ('3', '4', base - interval '691199.050305 s', 'warn', '4 records have text in credits', '{"field": "credits", "records": 4}'),
    ('4', '5', base - interval '86401.050305 s', 'info', 'read 5 records', '{"page": 1}'),
    ('5', '5', base - interval '86400.050305 s', 'error', 'page 2 answered 500', '{"url": "https://courses.example.com/?page=2"}');
    insert into forebay."scrape_run_changes" (run_id, reference_id, change, version_hash, line, fetched_at, url, record_key, payload, is_withheld, missing_since, num_missing_runs, base_version, alias_id) values
    ('5', '096c42c7-188e-8dc7-8385-f60a17aef1e1', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', '381b432b-71a0-8230-a705-bbda2d559c64', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', '4b4b2327-91f9-8395-b2d2-bfd380cbdbb1', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', '566a7813-5c3d-8b0b-990a-148890576628', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', '857194ee-405e-8169-962a-f705de126aee', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', '85ecbc08-5371-8327-b4f7-f7d010e2c1ea', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', 'bb780164-b06d-80f5-908b-2230f7600903', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', 'd451427c-a6fd-8a72-8cd5-dde550eb310e', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', 'dd661809-025a-83b1-9428-f1a234e0c53c', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', 'def071ba-6899-83f0-b76a-a9d3de791769', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', 'e2a1955f-b470-8bb7-acc2-4c102ffaaf4c', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', 'e33d9bf3-c34c-8d5a-9c20-da8b07290088', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', 'ec06e1db-4e61-81d9-ad97-578d3873bf83', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', 'ee372e40-6469-8021-ab32-9c89cdabd483', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL),
    ('5', 'f75b1e3d-4a00-8df6-8bd3-d616e0538f8f', 'removed', NULL, NULL, null, NULL, NULL, NULL, 'true', base - interval '86401.050305 s', '1', NULL, NULL);
    insert into forebay."scrape_run_drift" (run_id, field_name, change, old_types, new_types) values
    ('4', 'credits', 'retyped', '{number}', '{number,string}'),
    ('4', 'modality', 'new', '{}', '{string}');
    insert into forebay."scrape_run_fields" (run_id, field_name, num_present, coverage, json_types) values
    ('1', 'credits', '20', '1', '{number}'),
    ('1', 'id', '20', '1', '{string}'),
    ('1', 'instructor', '20', '1', '{string}'),
    ('1', 'seats', '20', '1', '{number}'),
    ('1', 'title', '20', '1', '{string}'),
    ('1', 'url', '20', '1', '{string}'),
    ('11', 'id', '6', '1', '{string}'),
    ('11', 'stars', '6', '1', '{number}'),
    ('11', 'text', '6', '1', '{string}'),
    ('12', 'id', '12', '1', '{string}'),
    ('12', 'starts', '12', '1', '{string}'),
    ('12', 'title', '12', '1', '{string}'),
    ('12', 'url', '12', '1', '{string}'),
    ('12', 'venue', '12', '1', '{string}'),
    ('13', 'id', '6', '1', '{string}'),
    ('13', 'name', '6', '1', '{string}'),
    ('13', 'url', '6', '1', '{string}'),
    ('14', 'id', '4', '1', '{string}'),
    ('14', 'title', '4', '1', '{string}'),
    ('15', 'id', '4', '1', '{string}'),
    ('15', 'title', '4', '1', '{string}'),
    ('16', 'id', '4', '1', '{string}'),
    ('16', 'title', '4', '1', '{string}'),
    ('17', 'id', '12', '1', '{string}'),
    ('17', 'starts', '12', '1', '{string}'),
    ('17', 'title', '12', '1', '{string}'),
    ('17', 'url', '12', '1', '{string}'),
    ('17', 'venue', '12', '1', '{string}'),
    ('18', 'bloom_level', '3', '0.25', '{string}'),
    ('18', 'content', '12', '1', '{string}'),
    ('18', 'content_hash', '12', '1', '{string}'),
    ('18', 'course_type', '1', '0.08333333333333333', '{string}'),
    ('18', 'curriculum', '1', '0.08333333333333333', '{object}'),
    ('18', 'framework', '1', '0.08333333333333333', '{string}'),
    ('18', 'has_id', '4', '0.3333333333333333', '{boolean}'),
    ('18', 'icp', '1', '0.08333333333333333', '{string}'),
    ('18', 'id', '12', '1', '{string}'),
    ('18', 'key_concepts', '4', '0.3333333333333333', '{array}'),
    ('18', 'keywords', '1', '0.08333333333333333', '{array}'),
    ('18', 'kind', '12', '1', '{string}'),
    ('18', 'lesson', '4', '0.3333333333333333', '{number}'),
    ('18', 'lesson_id', '4', '0.3333333333333333', '{string}'),
    ('18', 'level', '1', '0.08333333333333333', '{string}'),
    ('18', 'module', '4', '0.3333333333333333', '{number}'),
    ('18', 'num_competitors', '1', '0.08333333333333333', '{number}'),
    ('18', 'objectives', '5', '0.4166666666666667', '{array}'),
    ('18', 'path', '12', '1', '{string}'),
    ('18', 'size', '12', '1', '{number}'),
    ('18', 'slug', '4', '0.3333333333333333', '{string}'),
    ('18', 'summary', '4', '0.3333333333333333', '{string}'),
    ('18', 'text_hash', '12', '1', '{string}'),
    ('18', 'title', '6', '0.5', '{string}'),
    ('18', 'total_lessons', '1', '0.08333333333333333', '{number}'),
    ('18', 'total_modules', '1', '0.08333333333333333', '{number}'),
    ('18', 'voice_profile', '1', '0.08333333333333333', '{string}'),
    ('18', 'word_count', '4', '0.3333333333333333', '{number}'),
    ('2', 'credits', '19', '1', '{number}'),
    ('2', 'id', '19', '1', '{string}'),
    ('2', 'instructor', '19', '1', '{string}'),
    ('2', 'seats', '19', '1', '{number}'),
    ('2', 'title', '19', '1', '{string}'),
    ('2', 'url', '19', '1', '{string}'),
    ('3', 'credits', '20', '1', '{number}'),
    ('3', 'id', '20', '1', '{string}'),
    ('3', 'instructor', '20', '1', '{string}'),
    ('3', 'seats', '20', '1', '{number}'),
    ('3', 'title', '20', '1', '{string}'),
    ('3', 'url', '20', '1', '{string}'),
    ('4', 'credits', '20', '1', '{number,string}'),
    ('4', 'id', '20', '1', '{string}'),
    ('4', 'instructor', '20', '1', '{string}'),
    ('4', 'modality', '4', '0.2', '{string}'),
    ('4', 'seats', '20', '1', '{number}'),
    ('4', 'title', '20', '1', '{string}'),
    ('4', 'url', '20', '1', '{string}'),
    ('5', 'credits', '5', '1', '{number,string}'),
    ('5', 'id', '5', '1', '{string}'),
    ('5', 'instructor', '5', '1', '{string}'),
    ('5', 'modality', '4', '0.8', '{string}'),
    ('5', 'seats', '5', '1', '{number}'),
    ('5', 'title', '5', '1', '{string}'),
    ('5', 'url', '5', '1', '{string}'),
    ('6', 'id', '20', '1', '{string}'),
    ('6', 'title', '20', '1', '{string}'),
    ('7', 'id', '20', '1', '{string}'),
    ('7', 'title', '20', '1', '{string}'),
    ('8', 'id', '30', '1', '{string}'),
    ('8', 'stars', '30', '1', '{number}'),
    ('8', 'text', '30', '1', '{string}'),
    ('9', 'id', '30', '1', '{string}'),
    ('9', 'stars', '30', '1', '{number}'),
    ('9', 'text', '30', '1', '{string}');
    insert into forebay."sync_metadata" (entity_type, scope, status, attempt, last_sync, started_at, updated_at, lease_until, holder, is_partial, num_failures, num_records, run_id, synced_run_id, source_name, error_code, error) values
    ('book', 'campus=seed', 'failed', '1', null, base - interval '0.216702 s', base - interval '0.215692 s', null, NULL, 'false', '1', NULL, NULL, NULL, NULL, 'timeout', 'https://library.example.com did not answer within 30 s'),
    ('course', 'campus=seed', 'success', '1', base - interval '301.050305 s', base - interval '0.242886 s', base - interval '0.242886 s', null, NULL, 'false', '0', NULL, NULL, NULL, 'seed.courses', NULL, NULL),
    ('event', 'campus=seed', 'in_progress', '2', base - interval '259201.050305 s', base - interval '0.214398 s', base - interval '0.214398 s', base - interval '-86399.785602 s', '5940ecae-9507-4454-a673-092e9bf48e52', 'false', '0', NULL, NULL, NULL, 'seed.events', NULL, NULL),
    ('professor', 'campus=seed', 'failed', '4', base - interval '2592001.050305 s', base - interval '0.219782 s', base - interval '0.218290 s', null, NULL, 'false', '3', NULL, NULL, NULL, 'seed.professors', 'http_server_error', 'https://people.example.com answered 503'),
    ('room', 'campus=seed', 'success', '1', base - interval '3888001.050305 s', base - interval '0.231955 s', base - interval '0.231955 s', null, NULL, 'false', '0', NULL, NULL, NULL, 'seed.rooms', NULL, NULL),
    ('seed', '', 'success', '1', base - interval '0.000000 s', base - interval '1.057367 s', base - interval '0.000000 s', null, NULL, 'false', '0', NULL, NULL, NULL, NULL, NULL, NULL);
    insert into forebay."workers" (worker, host, pid, version, state, pipelines, clock_skew_ms, started_at, last_seen_at) values
    ('seed-worker-1', NULL, NULL, NULL, 'working', '{seed.index}', NULL, base - interval '0.386766 s', base - interval '0.386766 s'),
    ('seed-worker-2', 'worker.example.com', '4711', '0.1.0', 'working', '{seed.index}', NULL, base - interval '10800.000000 s', base - interval '3600.000000 s');
end $seed$;

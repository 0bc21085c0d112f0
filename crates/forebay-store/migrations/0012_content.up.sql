-- Generated courses. The files of a course are references of the source content.<slug>; the transaction that writes the
-- references also writes these tables from their payloads. What is measured or decided about a course (scores,
-- approvals, costs) exists only here.

create table forebay.content_pieces (
    piece_id bigint generated always as identity primary key,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    voice_fidelity_score double precision constraint content_pieces_voice_fidelity_score_check
        check (voice_fidelity_score between 0 and 1),
    course_uuid uuid not null default gen_random_uuid(),
    source_id int constraint content_pieces_source_id_fkey references forebay.sources on delete set null,
    project text not null constraint content_pieces_project_check check (project <> ''),
    piece_slug text not null constraint content_pieces_piece_slug_check check (piece_slug ~ '^[a-z0-9]+([-_][a-z0-9]+)*$'),
    piece_type text not null default 'course' constraint content_pieces_piece_type_check check (piece_type <> ''),
    title text not null,
    persona_mind_id text,
    keywords text[] not null default '{}',
    own_tables jsonb,
    layout text,
    status text not null default 'draft' constraint content_pieces_status_check
        check (status in ('draft', 'published', 'archived')),
    constraint content_pieces_project_piece_slug_key unique (project, piece_slug)
);
create index content_pieces_persona_mind_id on forebay.content_pieces (persona_mind_id)
    where persona_mind_id is not null;
create index content_pieces_keywords on forebay.content_pieces using gin (keywords);
create unique index content_pieces_source_id on forebay.content_pieces (source_id);
comment on table forebay.content_pieces is 'Generated content, such as courses.';
comment on column forebay.content_pieces.piece_id is 'Short id inside this database.';
comment on column forebay.content_pieces.created_at is 'When this row was created.';
comment on column forebay.content_pieces.updated_at is 'When this row last changed.';
comment on column forebay.content_pieces.voice_fidelity_score is
    'How well the text matches the persona''s voice, 0 to 1; null: not measured.';
comment on column forebay.content_pieces.course_uuid is
    'Tells it from content of the same name in another database.';
comment on column forebay.content_pieces.source_id is 'The source whose references are its files.';
comment on column forebay.content_pieces.project is 'The project that it belongs to.';
comment on column forebay.content_pieces.piece_slug is 'Its name in the project and of its folder.';
comment on column forebay.content_pieces.piece_type is 'What it is, such as course.';
comment on column forebay.content_pieces.title is 'Its title.';
comment on column forebay.content_pieces.persona_mind_id is 'The persona in whose voice it is written.';
comment on column forebay.content_pieces.keywords is 'Its keywords.';
comment on column forebay.content_pieces.own_tables is
    'The user''s own tables that get the same rows, as in [content.tables] of forebay.toml; null: none.';
comment on column forebay.content_pieces.layout is
    'The layout of its folder: a preset, with `, changed` if settings replace something of it; null: never written.';
comment on column forebay.content_pieces.status is 'draft, published or archived.';

create table forebay.course_metadata (
    piece_id bigint primary key
        constraint course_metadata_piece_id_fkey references forebay.content_pieces on delete cascade,
    updated_at timestamptz not null default now(),
    approved_at timestamptz,
    total_modules int not null default 0
        constraint course_metadata_total_modules_check check (total_modules >= 0),
    total_lessons int not null default 0
        constraint course_metadata_total_lessons_check check (total_lessons >= 0),
    brief text,
    outline text,
    curriculum jsonb,
    icp text,
    objectives text[] not null default '{}',
    voice_profile text,
    framework text,
    course_type text constraint course_metadata_course_type_check
        check (course_type in ('technical', 'conceptual', 'mixed')),
    level text,
    approved_by text,
    approved_hash bytea constraint course_metadata_approved_hash_check check (octet_length(approved_hash) = 32),
    constraint course_metadata_approval_check check ((approved_by is null) = (approved_at is null))
);
comment on table forebay.course_metadata is 'Brief, outline and curriculum of a course.';
comment on column forebay.course_metadata.piece_id is 'The course.';
comment on column forebay.course_metadata.updated_at is 'When this row last changed.';
comment on column forebay.course_metadata.approved_at is 'When the curriculum was last approved; null: never.';
comment on column forebay.course_metadata.total_modules is 'Number of modules in the curriculum.';
comment on column forebay.course_metadata.total_lessons is 'Number of lessons in the curriculum.';
comment on column forebay.course_metadata.brief is 'The text of COURSE-BRIEF.md.';
comment on column forebay.course_metadata.outline is 'The text of the outline.';
comment on column forebay.course_metadata.curriculum is 'The curriculum as an object; scalars that are not numbers are text.';
comment on column forebay.course_metadata.icp is 'The ideal customer profile, a section of the brief.';
comment on column forebay.course_metadata.objectives is 'The learning objectives of the course.';
comment on column forebay.course_metadata.voice_profile is 'The voice, a section of the brief.';
comment on column forebay.course_metadata.framework is 'The didactic framework that the curriculum names.';
comment on column forebay.course_metadata.course_type is 'technical, conceptual or mixed.';
comment on column forebay.course_metadata.level is 'The level that the curriculum names, such as beginner.';
comment on column forebay.course_metadata.approved_by is 'Who last approved the curriculum.';
comment on column forebay.course_metadata.approved_hash is
    'SHA-256 of the approved file. If it differs from the current file, the curriculum changed after its approval.';

create table forebay.curriculum_approvals (
    piece_id bigint not null
        constraint curriculum_approvals_piece_id_fkey references forebay.content_pieces on delete cascade,
    approved_at timestamptz not null default now(),
    approved_by text not null constraint curriculum_approvals_approved_by_check check (approved_by <> ''),
    curriculum text not null,
    content_hash bytea not null
        constraint curriculum_approvals_content_hash_check check (octet_length(content_hash) = 32),
    constraint curriculum_approvals_pkey primary key (piece_id, approved_at)
);
comment on table forebay.curriculum_approvals is 'Every approval of a curriculum, with the approved text.';
comment on column forebay.curriculum_approvals.piece_id is 'The course.';
comment on column forebay.curriculum_approvals.approved_at is 'When it was approved.';
comment on column forebay.curriculum_approvals.approved_by is 'Who approved it.';
comment on column forebay.curriculum_approvals.curriculum is 'The text of the file that was approved.';
comment on column forebay.curriculum_approvals.content_hash is 'SHA-256 of that file.';

-- Text for the full-text index of lessons: without accents, so that `licao` finds `lição`. The accents are taken off
-- after decomposition (Unicode normalization form D). Short text in ASCII, which has none, costs nothing: bytes are
-- counted without reading them.
create function forebay.fold_text(content text, max_chars int) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
return case
    when octet_length(fold_text.content) <= fold_text.max_chars
        and octet_length(fold_text.content) = char_length(fold_text.content) then fold_text.content
    else left(
        regexp_replace(normalize(left(fold_text.content, fold_text.max_chars), NFD), U&'[\0300-\036f]', '', 'g'),
        fold_text.max_chars)
end;
comment on function forebay.fold_text(text, int) is
    'The first characters of a text, without accents, for full-text search.';

create table forebay.course_lessons (
    reference_id uuid primary key,
    piece_id bigint not null
        constraint course_lessons_piece_id_fkey references forebay.content_pieces on delete cascade,
    updated_at timestamptz not null default now(),
    gps_score double precision constraint course_lessons_gps_score_check check (gps_score between 0 and 1),
    didatica_score double precision
        constraint course_lessons_didatica_score_check check (didatica_score between 0 and 1),
    generation_seconds double precision
        constraint course_lessons_generation_seconds_check check (generation_seconds >= 0),
    generation_cost double precision
        constraint course_lessons_generation_cost_check check (generation_cost >= 0),
    num_retries int constraint course_lessons_num_retries_check check (num_retries >= 0),
    module_number int not null constraint course_lessons_module_number_check check (module_number >= 0),
    lesson_number int not null constraint course_lessons_lesson_number_check check (lesson_number >= 0),
    word_count int not null constraint course_lessons_word_count_check check (word_count >= 0),
    lesson_id text not null,
    slug text not null,
    title text not null,
    content text not null,
    bloom_level text constraint course_lessons_bloom_level_check
        check (bloom_level in ('remember', 'understand', 'apply', 'analyze', 'evaluate', 'create')),
    objectives text[] not null default '{}',
    key_concepts text[] not null default '{}',
    validation_status text not null default 'pending' constraint course_lessons_validation_status_check
        check (validation_status in ('pending', 'passed', 'warning', 'failed')),
    validation_issues jsonb not null default '[]',
    file_path text not null,
    content_hash bytea not null constraint course_lessons_content_hash_check check (octet_length(content_hash) = 32),
    -- The configuration is `simple`, without stemming and stop words: courses are written in Portuguese, Spanish,
    -- English and mixtures of them, and nothing declares which, so a configuration for one language would mangle the
    -- words of the others. A tsvector holds at most 1 MiB; the limits keep any text below that, also one that grows
    -- when it is decomposed.
    search tsvector not null generated always as (
        setweight(to_tsvector('pg_catalog.simple', forebay.fold_text(title, 1000)), 'A')
        || setweight(to_tsvector('pg_catalog.simple', forebay.fold_text(content, 200000)), 'C')) stored,
    -- Deferred: two lessons may exchange their numbers in one transaction.
    constraint course_lessons_number_key unique (piece_id, module_number, lesson_number)
        deferrable initially deferred,
    constraint course_lessons_lesson_id_key unique (piece_id, lesson_id) deferrable initially deferred
);
create index course_lessons_file_path on forebay.course_lessons (piece_id, file_path);
create index course_lessons_key_concepts on forebay.course_lessons using gin (key_concepts);
create index course_lessons_search on forebay.course_lessons using gin (search);
comment on table forebay.course_lessons is 'The lessons of courses.';
comment on column forebay.course_lessons.reference_id is 'The reference of its file.';
comment on column forebay.course_lessons.piece_id is 'The course.';
comment on column forebay.course_lessons.updated_at is 'When this row last changed.';
comment on column forebay.course_lessons.gps_score is
    'How clearly goal, position and steps are stated, 0 to 1; null: not validated.';
comment on column forebay.course_lessons.didatica_score is
    'How many elements of good teaching the text has, 0 to 1; null: not validated.';
comment on column forebay.course_lessons.generation_seconds is 'How long its generation took; null: unknown.';
comment on column forebay.course_lessons.generation_cost is
    'What its generation cost, in the currency of the generator; null: unknown.';
comment on column forebay.course_lessons.num_retries is 'Failed attempts before the text was generated; null: unknown.';
comment on column forebay.course_lessons.module_number is 'The number of its module.';
comment on column forebay.course_lessons.lesson_number is 'Its number in the module.';
comment on column forebay.course_lessons.word_count is 'Number of words, without front matter and code.';
comment on column forebay.course_lessons.lesson_id is
    'Its stable id in the course: from the front matter, else its path.';
comment on column forebay.course_lessons.slug is 'Its short name, as in the file name.';
comment on column forebay.course_lessons.title is 'Its title.';
comment on column forebay.course_lessons.content is 'The text of its file, with front matter.';
comment on column forebay.course_lessons.bloom_level is 'The level in Bloom''s revised taxonomy.';
comment on column forebay.course_lessons.objectives is 'Its learning objectives.';
comment on column forebay.course_lessons.key_concepts is 'Its key concepts.';
comment on column forebay.course_lessons.validation_status is 'pending, passed, warning or failed.';
comment on column forebay.course_lessons.validation_issues is 'What the last validation found, as an array of objects.';
comment on column forebay.course_lessons.file_path is 'The path of its file in the course folder.';
comment on column forebay.course_lessons.content_hash is 'SHA-256 of the bytes of its file.';
comment on column forebay.course_lessons.search is 'The lexemes of title and content.';

create table forebay.market_research (
    piece_id bigint primary key
        constraint market_research_piece_id_fkey references forebay.content_pieces on delete cascade,
    updated_at timestamptz not null default now(),
    num_competitors int constraint market_research_num_competitors_check check (num_competitors >= 0),
    market_analysis text,
    content_gaps text,
    differentiation text,
    sources text,
    summary text
);
comment on table forebay.market_research is 'The research reports of a course.';
comment on column forebay.market_research.piece_id is 'The course.';
comment on column forebay.market_research.updated_at is 'When this row last changed.';
comment on column forebay.market_research.num_competitors is
    'Number of competitors that the market analysis lists; null: it has no such list.';
comment on column forebay.market_research.market_analysis is 'The text of the market analysis.';
comment on column forebay.market_research.content_gaps is 'The text about gaps in existing content.';
comment on column forebay.market_research.differentiation is 'The text about differentiation.';
comment on column forebay.market_research.sources is 'The text that lists the sources.';
comment on column forebay.market_research.summary is 'The first paragraph of the market analysis.';

create table forebay.content_performance (
    piece_id bigint not null
        constraint content_performance_piece_id_fkey references forebay.content_pieces on delete cascade,
    recorded_at timestamptz not null,
    value double precision not null,
    metric text not null constraint content_performance_metric_check check (metric <> ''),
    constraint content_performance_pkey primary key (piece_id, metric, recorded_at)
) partition by range (recorded_at);
comment on table forebay.content_performance is
    'Measurements of published content; partitioned by month of recorded_at.';
comment on column forebay.content_performance.piece_id is 'What was measured.';
comment on column forebay.content_performance.recorded_at is 'When it was measured.';
comment on column forebay.content_performance.value is 'The value.';
comment on column forebay.content_performance.metric is 'What the value is, such as completion_rate.';

create table forebay.content_tags (
    piece_id bigint not null
        constraint content_tags_piece_id_fkey references forebay.content_pieces on delete cascade,
    tagged_at timestamptz not null,
    created_at timestamptz not null default now(),
    tag text not null constraint content_tags_tag_check check (tag ~ '^[A-Za-z][A-Za-z0-9_.-]{0,62}$'),
    constraint content_tags_pkey primary key (piece_id, tag)
);
comment on table forebay.content_tags is 'Named versions of courses.';
comment on column forebay.content_tags.piece_id is 'The course.';
comment on column forebay.content_tags.tagged_at is 'The version is the course as it was at this time.';
comment on column forebay.content_tags.created_at is 'When the tag was created.';
comment on column forebay.content_tags.tag is 'Its name, such as v1.';

-- By default everybody may call a function; 0013_access grants what roles need.
revoke all on all functions in schema forebay, forebay_private from public;

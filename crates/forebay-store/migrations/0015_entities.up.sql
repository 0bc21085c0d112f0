-- Typed entities: views over references in a schema of the user's own, with a column of a real type for each field
-- that the configuration declares. A value that is not of its type is null there; the functions below decide which are,
-- as the program does when records come in. They can be used in an index: they read nothing, and no setting.

-- Values of a type, or null -------------------------------------------------------------------------------------------

create function forebay.try_text(value jsonb) returns text
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return case when jsonb_typeof(value) in ('string', 'number', 'boolean') then value #>> '{}' end;
end $$;
comment on function forebay.try_text(jsonb) is 'Text of a string, number or boolean; null: another value.';

create function forebay.try_integer(value jsonb) returns bigint
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    number numeric;
begin
    if jsonb_typeof(value) = 'number' then
        number := value::numeric;
        return case
            when number = trunc(number) and number between -9223372036854775808 and 9223372036854775807
                then number::bigint
        end;
    end if;
    return case
        when jsonb_typeof(value) = 'string' and value #>> '{}' ~ '^-?[0-9]{1,18}$' then (value #>> '{}')::bigint
    end;
end $$;
comment on function forebay.try_integer(jsonb) is 'A whole number of 64 bits, or text that spells one; null: another value.';

create function forebay.try_number(value jsonb) returns numeric
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when jsonb_typeof(value) = 'number' then value::numeric
        when jsonb_typeof(value) = 'string'
            and value #>> '{}' ~ '^-?[0-9]{1,100}([.][0-9]{1,100})?([eE][+-]?[0-9]{1,2})?$'
            then (value #>> '{}')::numeric
    end;
end $$;
comment on function forebay.try_number(jsonb) is 'A number, or text that spells one; null: another value.';

create function forebay.try_boolean(value jsonb) returns boolean
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return case jsonb_typeof(value)
        when 'boolean' then value::boolean
        when 'string' then case
            when value #>> '{}' ~* '^(true|t|yes|1)$' then true
            when value #>> '{}' ~* '^(false|f|no|0)$' then false
        end
    end;
end $$;
comment on function forebay.try_boolean(jsonb) is
    'A boolean, or one of the words true, false, t, f, yes, no, 1, 0; null: another value.';

-- Not a cast, which raises an error for a day that doesn't exist.
create function forebay.try_date(value jsonb) returns date
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    parts text[];
    first_day date;
begin
    if jsonb_typeof(value) = 'string' then
        parts := regexp_match(value #>> '{}', '^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$');
    end if;
    if parts is null or parts[1] = '0000' then
        return null;
    end if;
    first_day := make_date(parts[1]::int, parts[2]::int, 1);
    return case
        when extract(month from first_day + (parts[3]::int - 1)) = parts[2]::int then first_day + (parts[3]::int - 1)
    end;
end $$;
comment on function forebay.try_date(jsonb) is 'A day such as 2026-01-31; null: another value.';

create function forebay.try_timestamp(value jsonb) returns timestamptz
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    day date := forebay.try_date(case when jsonb_typeof(value) = 'string' then to_jsonb(left(value #>> '{}', 10)) end);
    parts text[];
    minutes int := 0;
begin
    if day is null then
        return null;
    end if;
    -- Hour, minute, second, fraction; then the sign, hours and minutes of an offset.
    parts := regexp_match(substr(value #>> '{}', 11),
        '^([Tt ]([01][0-9]|2[0-3]):([0-5][0-9])(:([0-5][0-9])([.][0-9]{1,9})?)?( ?([Zz]|([+-])(0[0-9]|1[0-5])(:?([0-5][0-9]))?))?)?$');
    if parts is null then
        return null;
    end if;
    if parts[9] is not null then
        minutes := (parts[9] || '1')::int * (parts[10]::int * 60 + coalesce(parts[12], '0')::int);
    end if;
    return (day + make_time(coalesce(parts[2], '0')::int, coalesce(parts[3], '0')::int,
            -- Microseconds, cut: 59.9999999 would be the next minute.
            (coalesce(parts[5], '0') || coalesce(left(parts[6], 7), ''))::double precision)
        - make_interval(mins => minutes)) at time zone 'UTC';
end $$;
comment on function forebay.try_timestamp(jsonb) is
    'A day, or a day with a time (RFC 3339; without an offset: UTC); null: another value.';

create function forebay.try_uuid(value jsonb) returns uuid
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when jsonb_typeof(value) = 'string'
            and value #>> '{}' ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$'
            then (value #>> '{}')::uuid
    end;
end $$;
comment on function forebay.try_uuid(jsonb) is 'A UUID; null: another value.';

create function forebay.try_url(value jsonb) returns text
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when jsonb_typeof(value) = 'string'
            and value #>> '{}' ~ '^[hH][tT][tT][pP][sS]?://[^/?#\u0001-\u0020\u007f][^\u0001-\u0020\u007f]*$'
            then value #>> '{}'
    end;
end $$;
comment on function forebay.try_url(jsonb) is 'The URL of a page; null: another value.';

-- The names of sources, for views whose readers may not read forebay.sources. Readers can't call it themselves, because
-- they may not use the schema.
create function forebay_private.source_names() returns table (source_id int, name text)
language sql stable security definer parallel safe rows 20
set search_path = pg_catalog, pg_temp
begin atomic
    select s.source_id, s.name from forebay.sources as s;
end;

-- Views of entities ---------------------------------------------------------------------------------------------------

create table forebay.entity_views (
    created_at timestamptz not null default now(),
    schema_name text not null constraint entity_views_schema_name_check check (schema_name <> ''),
    entity_type text not null constraint entity_views_entity_type_check check (entity_type <> ''),
    relations text[] not null,
    indexes text[] not null,
    constraint entity_views_pkey primary key (schema_name, entity_type)
);
comment on table forebay.entity_views is 'Typed views of entity types, in schemas of the user''s own.';
comment on column forebay.entity_views.created_at is 'When they were created.';
comment on column forebay.entity_views.schema_name is 'The schema that contains them.';
comment on column forebay.entity_views.entity_type is 'The entity type.';
comment on column forebay.entity_views.relations is 'The view of the references, and that of their revisions.';
comment on column forebay.entity_views.indexes is 'The indexes of "references" that its filters use.';

revoke all on all functions in schema forebay, forebay_private from public;
select forebay_private.apply_access();

-- What anon, authenticated, admin and service_role may do, as pgTAP says it. tests/store/access/pgtap.rs runs this file
-- with pg_prove on a database that contains the rows of tests/store/access/seeds.rs and the profile "api": the source
-- "open" is published and has the references "shown" and "gone" (removed), and "closed" has "hidden".
begin;
select plan(54);

-- Policies ------------------------------------------------------------------------------------------------------------

select is_empty(
    $$ select c.oid::regclass from pg_class as c
       where c.relnamespace = 'forebay'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity $$,
    'row-level security is on for every table and partition');
select is_empty(
    $$ select p.polrelid::regclass, p.polname from pg_policy as p
       join pg_class as c on c.oid = p.polrelid
       where c.relnamespace = 'forebay'::regnamespace and 0 = any (p.polroles) $$,
    'every policy names its roles');
select policies_are('forebay', t.name, array['forebay_service', 'forebay_reader', 'forebay_authenticated'])
from (values ('references'), ('reference_revisions'), ('sources'), ('scrape_runs'), ('pipelines')) as t (name);
select policy_roles_are('forebay', 'references', 'forebay_authenticated', array['authenticated']);
select policy_cmd_is('forebay'::name, 'references'::name, 'forebay_authenticated'::name, 'select');
select policy_roles_are('forebay', 'references', 'forebay_service', array['service_role']);
select policy_cmd_is('forebay'::name, 'references'::name, 'forebay_service'::name, 'all');

-- Grants --------------------------------------------------------------------------------------------------------------

select table_privs_are('forebay', t.name, 'anon', array[]::text[])
from (values ('references'), ('reference_revisions'), ('sources'), ('scrape_runs'), ('pipelines')) as t (name);
select table_privs_are('forebay', t.name, 'authenticated', array['SELECT'])
from (values ('references'), ('reference_revisions'), ('sources'), ('scrape_runs'), ('pipelines')) as t (name);
select table_privs_are('forebay_api', t.name, r.name, case r.name when 'anon' then array[]::text[] else array['SELECT'] end)
from (values ('references'), ('revisions'), ('runs'), ('freshness'), ('sources')) as t (name)
cross join (values ('anon'), ('authenticated')) as r (name);
select schema_privs_are('forebay_private', 'authenticated', array[]::text[]);

-- anon ----------------------------------------------------------------------------------------------------------------

set local role anon;
set local request.jwt.claims = '{"role": "anon"}';
select throws_ok('select * from forebay."references"', '42501');
select throws_ok('select * from forebay_api."references"', '42501');
select throws_ok('delete from forebay."references"', '42501');
select throws_ok($$ select forebay.claim_jobs('documents') $$, '42501');

-- authenticated -------------------------------------------------------------------------------------------------------

set local role authenticated;
set local request.jwt.claims = '{"role": "authenticated", "user_metadata": {"role": "admin"}}';
select results_eq('select record_key from forebay."references"', array['shown'], 'it reads what is published');
select results_eq('select count(*)::int from forebay.reference_revisions', array[1], 'and its revisions');
select results_eq('select record_key from forebay_api."references"', array['shown'], 'in the API as well');
select results_eq('select source_name from forebay_api.runs', array['open'], 'with the runs of published sources');
select results_eq('select entity_type from forebay_api.freshness', array['course'], 'and their freshness');
select is_empty('select from forebay.scrape_runs', 'it reads no run with what is internal');
select is_empty('select from forebay.sources', 'and no source');
select throws_ok($$ update forebay."references" set record_key = 'mine' $$, '42501');
select throws_ok('delete from forebay."references"', '42501');
select throws_ok('select * from forebay_private.published_runs', '42501');

-- admin ---------------------------------------------------------------------------------------------------------------

set local request.jwt.claims = '{"role": "authenticated", "app_metadata": {"role": "admin"}}';
select set_eq('select record_key from forebay."references"', array['shown', 'gone', 'hidden'], 'an admin reads everything');
select set_eq('select name from forebay.sources', array['open', 'closed'], 'sources too');
select results_eq('select record_key from forebay_api."references"', array['shown'], 'the API shows what is published');
select throws_ok('update forebay.sources set is_published = true', '42501');
select throws_ok($$ insert into forebay.pipelines (name, handler) values ('mine', 'exec') $$, '42501');

-- service_role --------------------------------------------------------------------------------------------------------

set local role service_role;
set local request.jwt.claims = '{"role": "service_role"}';
select set_eq('select record_key from forebay."references"', array['shown', 'gone', 'hidden'], 'the service reads everything');
select lives_ok('update forebay.sources set is_published = true', 'and writes');
select set_eq('select record_key from forebay_api."references"', array['shown', 'hidden'], 'which publishes a source');

reset role;
select * from finish();
rollback;

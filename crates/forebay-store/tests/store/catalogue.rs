//! What must hold for all that the migrations create, read from the catalogue.

use forebay_store::testing;

/// Each of these statements names what breaks a rule.
const RULES: [(&str, &str); 4] = [
    (
        "pg_upgrade refuses columns of these types: their oids differ in the new cluster",
        "select format('%s.%s', a.attrelid::regclass, a.attname)
         from pg_attribute as a
         join pg_class as c on c.oid = a.attrelid
         where c.relnamespace = any (ours) and a.attnum > 0 and not a.attisdropped
             and a.atttypid::regtype::text ~ '^reg'",
    ),
    (
        "a function means the same whoever calls it",
        "select f.oid::regprocedure::text
         from pg_proc as f
         where f.pronamespace = any (ours)
             and not exists (select from unnest(f.proconfig) as s (setting) where s.setting like 'search_path=%')",
    ),
    (
        "deleting a referenced row needs an index on the key",
        "select format('%s of %s', k.conname, k.conrelid::regclass)
         from pg_constraint as k
         where k.connamespace = any (ours) and k.contype = 'f' and k.conparentid = 0
             and not exists (
                 select from pg_index as i
                 where i.indrelid = k.conrelid
                     and i.indpred is null
                     and (i.indkey::int2[])[0 : cardinality(k.conkey) - 1] @> k.conkey)",
    ),
    (
        "two indexes with the same columns cost twice and serve once",
        "select format('%s and %s', i.indexrelid::regclass, j.indexrelid::regclass)
         from pg_index as i
         join pg_class as c on c.oid = i.indrelid
         join pg_index as j on j.indrelid = i.indrelid and j.indexrelid > i.indexrelid
         where c.relnamespace = any (ours)
             and i.indkey::text = j.indkey::text
             and pg_get_expr(i.indpred, i.indrelid) is not distinct from pg_get_expr(j.indpred, j.indrelid)
             and pg_get_expr(i.indexprs, i.indrelid) is not distinct from pg_get_expr(j.indexprs, j.indrelid)
             and i.indclass::text = j.indclass::text",
    ),
];

#[tokio::test]
async fn every_object_keeps_the_rules() {
    let database = testing::database().await;
    let client = database.client().await;
    for (rule, statement) in RULES {
        let statement = statement.replace(
            "any (ours)",
            "any (array['forebay'::regnamespace, 'forebay_private'::regnamespace]::oid[])",
        );
        let found: Vec<String> =
            client.query(&statement, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        assert_eq!(found, [""; 0], "{rule}");
    }
}

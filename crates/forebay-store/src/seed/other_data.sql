select
    array(select s.name from forebay.sources as s where s.name <> all($1) order by s.name) as sources,
    (
        select count(*)
        from forebay."references" as r
        join forebay.sources as s using (source_id)
        where s.name <> all($1)
    ) as num_references,
    array(
        select p.name from forebay.pipelines as p
        where p.source_name is null and p.name <> 'documents'
        order by p.name
    ) as pipelines

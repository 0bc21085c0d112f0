with
-- Every row stores the number of the transaction that wrote it.
written as (
    select xmin from forebay."references"
    union all select xmin from forebay.reference_revisions
    union all select xmin from forebay.reference_aliases
    union all select xmin from forebay.scrape_run_changes
    union all select xmin from forebay.rejected_records
    union all select xmin from forebay.http_validators
    union all select xmin from forebay.ingestion_outcomes
    union all select xmin from forebay.ingestion_handoffs
)
select count(*) as num_rows from written where xmin::text::int8 >= $1

-- What changed lately, run by run: two indexes that find the changes of one run.

-- Changed fields are few beside the references that they are of, so an entry for each is little.
create index reference_revisions_by_run on forebay.reference_revisions (scrape_run_id, reference_id);

-- A reference costs one entry here as before, and no new index: the run that added it goes into the key, where equal keys
-- of a run are stored as one.
alter index forebay.references_active_by_scope rename to references_active_by_scope_before;
create index references_active_by_scope on forebay."references" (source_id, scope, first_seen_run_id)
    where removed_at is null;
drop index forebay.references_active_by_scope_before;

-- Back to the indexes before.
alter index forebay.references_active_by_scope rename to references_active_by_scope_after;
create index references_active_by_scope on forebay."references" (source_id, scope) where removed_at is null;
drop index forebay.references_active_by_scope_after;
drop index forebay.reference_revisions_by_run;

drop table forebay.scrape_run_changes;
drop table forebay.reference_aliases;
drop table forebay.reference_revisions;
drop function forebay_private.ensure_month(text, timestamptz);
drop table forebay."references";
drop function forebay.reference_id(text, text);

drop function forebay.handoffs_of(uuid);
drop view forebay.handoff_status;
drop view forebay.handoff_counts;
drop view forebay.handoffs;
drop function forebay.source_at(text, timestamptz);
drop function forebay.reference_at(uuid, timestamptz);

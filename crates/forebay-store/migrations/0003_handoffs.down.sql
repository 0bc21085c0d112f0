drop table forebay.maintenance;
drop table forebay.ingestion_attempts;
drop table forebay.failure_policies;
drop table forebay.ingestion_cursors;
drop table forebay.ingestion_limits;
drop table forebay.ingestion_claims;
drop table forebay.ingestion_outcomes;
drop table forebay.ingestion_handoffs;

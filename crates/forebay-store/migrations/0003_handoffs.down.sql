drop table forebay.ingestion_attempts;
drop table forebay.ingestion_jobs;
drop table forebay.ingestion_handoffs;

drop index forebay.scrape_runs_held;
drop index forebay.ingestion_outcomes_by_time;
drop table forebay.conservation_findings;
drop table forebay.notifications;
drop table forebay.notifier_alerts;
drop table forebay.notifiers;

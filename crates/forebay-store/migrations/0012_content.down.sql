alter table forebay.scrape_run_changes
    drop column num_missing_runs,
    drop column missing_since,
    drop column is_withheld;
alter table forebay.scrape_runs
    drop column is_ordinary,
    drop column num_split,
    drop column num_rekeyed,
    drop column num_withheld,
    drop column num_active_before;
drop table forebay.content_tags;
drop table forebay.content_performance;
drop table forebay.market_research;
drop table forebay.course_lessons;
drop function forebay.fold_text(text, int);
drop table forebay.curriculum_approvals;
drop table forebay.course_metadata;
drop table forebay.content_pieces;

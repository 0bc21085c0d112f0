drop table forebay.content_tags;
drop function forebay_private.ensure_performance_month(timestamptz);
drop table forebay.content_performance;
drop table forebay.market_research;
drop table forebay.course_lessons;
drop table forebay.curriculum_approvals;
drop table forebay.course_metadata;
drop table forebay.content_pieces;

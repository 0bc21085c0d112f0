drop table forebay.content_tags;
drop table forebay.content_performance;
drop table forebay.market_research;
drop table forebay.course_lessons;
drop function forebay.fold_text(text, int);
drop table forebay.curriculum_approvals;
drop table forebay.course_metadata;
drop table forebay.content_pieces;

drop table forebay.api_tokens;
drop table forebay.operator_actions;

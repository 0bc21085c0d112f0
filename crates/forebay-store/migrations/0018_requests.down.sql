drop table forebay.api_requests;

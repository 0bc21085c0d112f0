drop table forebay.documents;

drop table forebay.document_embeddings;
drop table forebay.document_chunks;
drop table forebay.documents;

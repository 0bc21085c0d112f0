-- Requests to the API that carry an idempotency key. The table stays on the coordinator on Citus.

create table forebay.api_requests (
    caller text not null,
    idempotency_key text not null constraint api_requests_idempotency_key_check
        check (length(idempotency_key) between 1 and 255),
    began_at timestamptz not null default now(),
    lease_until timestamptz,
    receipt uuid,
    status smallint constraint api_requests_status_check check (status between 200 and 499),
    fingerprint bytea not null constraint api_requests_fingerprint_check check (length(fingerprint) = 32),
    content_type text,
    body bytea,
    constraint api_requests_pkey primary key (caller, idempotency_key),
    -- It is in progress or answered.
    constraint api_requests_answered_check check (
        num_nonnulls(lease_until, receipt) = case when status is null then 2 else 0 end
        and num_nonnulls(content_type, body) = case when status is null then 0 else 2 end)
) with (fillfactor = 70);
comment on table forebay.api_requests is
    'Requests with an idempotency key, with what they were answered, for a day. Only the owner and the service role may read this table.';
comment on column forebay.api_requests.caller is 'Who sent it: the name of a token, the subject of a JWT, or the user who runs the server.';
comment on column forebay.api_requests.idempotency_key is 'The key, which the client chose.';
comment on column forebay.api_requests.began_at is 'When it came.';
comment on column forebay.api_requests.lease_until is
    'Until when the server that carries it out holds it; after that, the server has died. Null: it is answered.';
comment on column forebay.api_requests.receipt is 'The claim of the server that carries it out. Null: it is answered.';
comment on column forebay.api_requests.status is 'The HTTP status of the response; null: it is in progress.';
comment on column forebay.api_requests.fingerprint is 'SHA-256 of the method, the path, the query and the body.';
comment on column forebay.api_requests.content_type is 'The media type of the response; null: it is in progress.';
comment on column forebay.api_requests.body is 'The body of the response; null: it is in progress.';

select forebay_private.apply_access();

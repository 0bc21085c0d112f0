drop function forebay_private.spend(forebay.pipelines, uuid[]);
drop function forebay_private.within_key_limits(forebay.pipelines, uuid[], int);
drop function forebay_private.allowance(forebay.pipelines, int);
drop function forebay_private.tokens(forebay.ingestion_limits, double precision);

select c.reference_id, c.receipt, c.lease_until, c.source, c.entity_type, c.record_key, c.change, c.version,
    decode(c.payload_hash, 'hex') as payload_hash, c.generation, c.attempt, c.changed_at, c.payload::text, c.was_lost
from forebay_private.claim(forebay_private.find_pipeline($1), $2, make_interval(secs => $3), $4, true, coalesce($5, gen_random_uuid())) as c

select m.*, coalesce(m.lease_until > now(), false) as is_held
from forebay.sync_metadata as m
where m.entity_type = $1 and m.scope = $2

select m.*, coalesce(m.lease_until > now(), false) as is_held
from forebay.sync_metadata as m
where ($1::text is null or m.entity_type = $1)
    and ($2::text is null or (m.entity_type collate "C", m.scope collate "C") > ($2, $3::text))
    and (
        $6::timestamptz is null
        or m.last_sync is null
        or m.num_failures > 0
        or m.lease_until <= now()
        or m.last_sync < coalesce(
            (select max(t.before) from unnest($4::text[], $5::timestamptz[]) as t (entity_type, before)
                where t.entity_type = m.entity_type),
            $6))
-- Ordered by bytes, as in the program, which compares scopes with these.
order by m.entity_type collate "C", m.scope collate "C"
limit $7

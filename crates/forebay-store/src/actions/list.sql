-- What operators did, newest first. Few rows: the filters without an index read the pages of one listing.
select a.action_id, a.acted_at, a.action, a.target_kind, a.target, a.source_name, a.num_touched, a.parameters,
    a.actor_name, a.actor_role, a.skin, a.acted_from, a.reason
from forebay.operator_actions as a
where ($1::text is null or a.source_name = $1)
    and ($2::text is null or a.actor_name = $2)
    and ($3::text is null or a.action = $3)
    and ($4::text is null or a.target_kind = $4)
    and ($5::text is null or a.target = $5)
    and ($6::timestamptz is null or a.acted_at >= $6)
    and ($7::int8 is null or a.action_id < $7)
order by a.action_id desc
limit $8

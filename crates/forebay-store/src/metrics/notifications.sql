-- The notifications of each notifier that were not accepted, by state.
select r.project, r.name as notifier, n.state, count(*) as num_notifications
from forebay.notifications as n
join forebay.notifiers as r using (notifier_id)
where n.state <> 'succeeded'
group by r.project, r.name, n.state
order by r.project, r.name, n.state

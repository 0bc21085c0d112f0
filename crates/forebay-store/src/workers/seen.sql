-- Records that a worker of Forebay is alive. A new start, or a row that was deleted meanwhile, begins with its own
-- time.
insert into forebay.workers as w (worker, host, pid, version, state, pipelines, clock_skew_ms, started_at)
values ($1, $2, $3, $4, $5, $6, round(extract(epoch from $7::timestamptz - clock_timestamp()) * 1000),
    now() - make_interval(secs => $8))
on conflict on constraint workers_pkey do update
set host = excluded.host,
    pid = excluded.pid,
    version = excluded.version,
    state = excluded.state,
    pipelines = excluded.pipelines,
    clock_skew_ms = excluded.clock_skew_ms,
    started_at = case
        when w.host is not distinct from excluded.host and w.pid is not distinct from excluded.pid and not $9
            then w.started_at
        else excluded.started_at
    end,
    last_seen_at = excluded.last_seen_at

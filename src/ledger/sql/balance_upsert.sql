INSERT INTO balance (
    holder_kind, holder, day, day_time, day_up, day_down, month_time, month_up, month_down, time_used, first_used,
    paused_until, boot, updated_up, running, uncovered, added_today, added, lent
) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
ON CONFLICT (holder_kind, holder) DO UPDATE SET
    day = excluded.day, day_time = excluded.day_time, day_up = excluded.day_up, day_down = excluded.day_down,
    month_time = excluded.month_time, month_up = excluded.month_up, month_down = excluded.month_down,
    time_used = excluded.time_used, first_used = coalesce(first_used, excluded.first_used),
    paused_until = excluded.paused_until, boot = excluded.boot, updated_up = excluded.updated_up, running = excluded.running,
    uncovered = excluded.uncovered, added_today = excluded.added_today, added = excluded.added, lent = excluded.lent

SELECT balance.holder_kind, balance.holder, day, day_time, day_up, day_down, month_time, month_up, month_down, time_used,
    first_used, paused_until, boot, updated_up, running, uncovered, added_today, added, lent
FROM balance
WHERE holder_kind = ?1 AND holder = ?2

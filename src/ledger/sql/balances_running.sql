SELECT balance.holder_kind, balance.holder, day, day_time, day_up, day_down, month_time, month_up, month_down, time_used,
    first_used, paused_until, boot, updated_up, running, uncovered, added_today, added, lent
FROM balance
WHERE running OR (holder_kind, holder) IN (SELECT holder_kind, holder FROM visit)
ORDER BY balance.holder_kind, balance.holder

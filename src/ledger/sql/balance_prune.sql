DELETE FROM balance
WHERE holder_kind = 'device' AND NOT running AND day < ?1 AND coalesce(paused_until, 0) < ?2

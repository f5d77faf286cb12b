SELECT coalesce(max(id), 0) + 1 AS number FROM record_hold

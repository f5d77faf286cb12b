SELECT r.received, r.due,
    coalesce((SELECT min(s.at) FROM request_step s WHERE s.site = r.site AND s.reference = r.reference
        AND s.kind IN ('answered', 'granted', 'denied')),
        CASE WHEN r.origin = 'appeal' AND r.state = 'answered' THEN r.settled END) AS answered,
    r.settled
FROM request r WHERE r.site = $1 AND (r.changed >= $2 OR r.settled IS NULL) AND r.received < $3
    AND (r.received >= $2 OR r.settled IS NULL OR r.settled >= $2)
ORDER BY r.received, r.reference

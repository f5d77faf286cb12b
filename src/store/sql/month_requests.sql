SELECT r.received, r.due,
    (SELECT min(s.at) FROM request_step s WHERE s.site = r.site AND s.reference = r.reference
        AND s.kind IN ('answered', 'granted', 'denied')) AS answered,
    r.settled
FROM request r WHERE r.site = $1 AND r.changed >= $2 AND r.received >= $2 AND r.received < $3
ORDER BY r.received, r.reference

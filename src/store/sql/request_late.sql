SELECT r.site, r.reference, r.gateway, r.origin, r.topic, COALESCE(a.subject, r.about) AS about, COALESCE(a.why, r.words) AS words,
    COALESCE(a.contact, r.contact) AS contact, r.visit, COALESCE(a.explanation, r.explanation) AS explanation, r.state, r.holder, r.desk,
    r.agency, r.level, r.made, r.received, r.due, r.changed, r.settled, CAST(1 AS BIGINT) AS total
FROM request r LEFT JOIN appeal a ON a.site = r.site AND a.reference = r.reference
WHERE r.settled IS NULL AND ((r.level = 0 AND r.due < $1) OR (r.level = 1 AND r.due < $2)) ORDER BY r.due, r.reference LIMIT $3

SELECT s.site, s.reference, s.event, s.at, s.kind, s.actor, s.agency, s.words, r.origin, r.topic, COALESCE(a.subject, r.about) AS about,
    COALESCE(a.why, r.words) AS asked, r.state, r.desk, r.level, r.made, r.due, r.settled
FROM request_step s JOIN request r ON r.site = s.site AND r.reference = s.reference
    LEFT JOIN appeal a ON a.site = s.site AND a.reference = s.reference
WHERE s.event > $1 ORDER BY s.event LIMIT $2

SELECT s.id, s.number, s.revision, s.title FROM sop_rollout r JOIN sop s ON s.id = r.sop
ORDER BY r.made DESC, r.sop DESC LIMIT $1

SELECT o.site, o.id, o.gateway, o.kind, o.started, COALESCE(o.ended, g.revoked) AS ended
FROM outage o LEFT JOIN gateway g ON g.id = o.gateway
WHERE o.site = $1 AND o.started < $3 AND (COALESCE(o.ended, g.revoked) IS NULL OR COALESCE(o.ended, g.revoked) > $2)
ORDER BY o.started, o.id

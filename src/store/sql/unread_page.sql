SELECT site, gateway, sha256, document
FROM unread_record
WHERE (site, gateway, sha256) > ($1, $2, $3)
ORDER BY site, gateway, sha256
LIMIT $4

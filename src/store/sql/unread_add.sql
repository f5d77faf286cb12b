INSERT INTO unread_record (site, gateway, sha256, document, received) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (site, gateway, sha256) DO NOTHING

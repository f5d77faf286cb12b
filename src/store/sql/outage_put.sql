INSERT INTO outage (site, id, gateway, kind, started, ended)
SELECT $1, $2, $3, $4, CAST($5 AS BIGINT), CAST($6 AS BIGINT)
WHERE NOT EXISTS (SELECT 1 FROM outage WHERE site = $1 AND id = $2)

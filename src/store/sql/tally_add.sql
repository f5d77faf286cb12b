INSERT INTO tally (site, id, gateway, name, started, ended, amount)
SELECT $1, $2, $3, $4, CAST($5 AS BIGINT), CAST($6 AS BIGINT), CAST($7 AS BIGINT)
WHERE NOT EXISTS (SELECT 1 FROM tally WHERE site = $1 AND id = $2)

SELECT terms, COUNT(*) AS visits FROM visit WHERE site = $1 AND started >= $2 AND terms IS NOT NULL GROUP BY terms ORDER BY terms

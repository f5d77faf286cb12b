DELETE FROM tally WHERE site = $1 AND started >= $2 AND started < $3
    AND id IN (SELECT id FROM tally WHERE site = $1 AND started >= $2 AND started < $3 LIMIT $4)

DELETE FROM tally WHERE site = $1 AND (started < $2 OR started > $4) AND ended < $3

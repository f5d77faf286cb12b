DELETE FROM tally WHERE site = $1 AND started < $2 AND ended < $3

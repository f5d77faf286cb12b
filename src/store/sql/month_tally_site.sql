SELECT min(site) AS site FROM tally WHERE site > $1

SELECT min(site) AS site FROM outage WHERE site > $1

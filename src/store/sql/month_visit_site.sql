SELECT min(site) AS site FROM visit WHERE site > $1

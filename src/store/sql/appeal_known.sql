SELECT count(*) AS number FROM appeal WHERE site = $1 AND reference = $2

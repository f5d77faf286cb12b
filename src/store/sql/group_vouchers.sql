SELECT count(*) AS number FROM lending WHERE of_group = $1

SELECT count(*) AS opened, CAST(coalesce(sum(attendance), 0) AS BIGINT) AS came FROM desk_class
WHERE site = $1 AND until >= $2 AND made >= $2 AND made < $3

DELETE FROM bundle WHERE published < $1
    AND generation < (SELECT max(newer.generation) FROM bundle newer WHERE newer.site = bundle.site)

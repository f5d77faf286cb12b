SELECT site, day, number, state, made, called, seat, calls, caller FROM desk_ticket WHERE site = $1 AND day = $2 ORDER BY number

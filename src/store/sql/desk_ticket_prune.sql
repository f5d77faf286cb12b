DELETE FROM desk_ticket WHERE made < $1

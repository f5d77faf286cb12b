DELETE FROM desk_order WHERE made < $1

DELETE FROM desk_view WHERE told < $1

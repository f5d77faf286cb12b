SELECT number FROM desk_bell WHERE id = 1

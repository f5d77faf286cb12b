SELECT number FROM publication WHERE id = 1

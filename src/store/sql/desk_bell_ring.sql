UPDATE desk_bell SET number = number + 1 WHERE id = 1

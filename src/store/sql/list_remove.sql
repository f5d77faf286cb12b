DELETE FROM filter_list WHERE id = $1

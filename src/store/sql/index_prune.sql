DELETE FROM filter_index WHERE version < $1

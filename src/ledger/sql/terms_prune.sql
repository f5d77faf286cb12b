DELETE FROM terms WHERE at < ?1

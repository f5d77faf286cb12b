DELETE FROM desk_order WHERE outcome IS NOT NULL AND kept < ?1

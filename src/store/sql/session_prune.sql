DELETE FROM staff_session WHERE made < $1 OR seen < $2 OR (stage <> 'full' AND made < $3)

DELETE FROM staff_session WHERE hash = $1 AND person = $2

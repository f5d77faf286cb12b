UPDATE staff_session SET pending = $2 WHERE hash = $1

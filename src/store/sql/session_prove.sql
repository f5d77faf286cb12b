UPDATE staff_session SET proved = $2 WHERE hash = $1

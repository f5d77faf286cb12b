SELECT DISTINCT site FROM request WHERE changed > $1

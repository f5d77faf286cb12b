SELECT DISTINCT site FROM month_figure WHERE month = $1 AND issue >= 1

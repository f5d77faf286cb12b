SELECT DISTINCT site FROM usage_hour WHERE hour >= $1 AND hour < $2 AND visits > 0

SELECT document, until FROM month_plan WHERE site = $1 AND month = $2

SELECT site, gateway, document, received FROM trial_report WHERE trial = $1 ORDER BY site, gateway

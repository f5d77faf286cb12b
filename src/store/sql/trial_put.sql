INSERT INTO trial_report (site, gateway, trial, document, received) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (site, gateway, trial) DO UPDATE SET document = excluded.document, received = excluded.received

INSERT INTO account (name, verifier, plan, site, devices, note, made, closed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (name) DO UPDATE SET verifier = excluded.verifier, plan = excluded.plan, site = excluded.site,
    devices = excluded.devices, note = excluded.note, made = excluded.made, closed = excluded.closed

-- OR FAIL: what fails ends the transaction anyway, and SQLite need not be able to take the statement alone back.
INSERT OR FAIL INTO visit (site, visit, gateway, revision, device, device_local, holder, way, terms, terms_sha256, plan, generation,
    started, clock, told, bytes_up, bytes_down, seconds, ended, cause, address, nat)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
ON CONFLICT DO NOTHING

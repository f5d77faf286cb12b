INSERT INTO voucher_batch (site, batch, form, preset, maker, made, amount) VALUES ($1, $2, $3, $4, $5, $6, $7)

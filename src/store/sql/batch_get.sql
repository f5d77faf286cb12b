SELECT sha256 FROM usage_batch WHERE site = $1 AND gateway = $2 AND boot = $3 AND seq = $4

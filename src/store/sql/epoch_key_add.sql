INSERT INTO epoch_key (regency, epoch, secret) VALUES ($1, $2, $3) ON CONFLICT (regency, epoch) DO NOTHING

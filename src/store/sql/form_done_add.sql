INSERT INTO form_done (site, form, result, made) VALUES ($1, $2, $3, $4) ON CONFLICT (site, form) DO NOTHING

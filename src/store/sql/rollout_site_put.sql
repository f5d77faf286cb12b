INSERT INTO sop_rollout_site (site, sop, wave, begun, generation, seen) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (site, sop) DO UPDATE SET wave = excluded.wave, begun = excluded.begun, generation = excluded.generation,
    seen = excluded.seen

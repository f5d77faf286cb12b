INSERT INTO sop_rollout (sop, state, waves, wave, begun, former, rules, due, staff, reason, made, cause, changed_by, words, changed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (sop) DO UPDATE SET state = excluded.state, waves = excluded.waves, wave = excluded.wave, begun = excluded.begun,
    former = excluded.former, rules = excluded.rules, due = excluded.due, staff = excluded.staff, reason = excluded.reason,
    made = excluded.made, cause = excluded.cause, changed_by = excluded.changed_by, words = excluded.words,
    changed = excluded.changed

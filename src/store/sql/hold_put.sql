INSERT INTO record_hold (id, case_number, first_month, last_month, reason, state, asked_by, asked, agreed_by, agreed, lift_by, lift_reason, lifted_by, ended)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, agreed_by = excluded.agreed_by, agreed = excluded.agreed,
    lift_by = excluded.lift_by, lift_reason = excluded.lift_reason, lifted_by = excluded.lifted_by, ended = excluded.ended

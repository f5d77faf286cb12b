SELECT id, case_number, first_month, last_month, reason, state, asked_by, asked, agreed_by, agreed, lift_by, lift_reason, lifted_by, ended FROM record_hold WHERE id = $1

SELECT sop, state, waves, wave, begun, former, rules, due, staff, reason, made, cause, changed_by, words, changed
FROM sop_rollout WHERE state IN ('waiting', 'running', 'stopped') ORDER BY sop

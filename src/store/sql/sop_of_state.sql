SELECT id, layer, of_place, number, revision, title, state, sha256, document, review_by, author, made, approver, approved,
    published, ended, decree, trial, trial_until
FROM sop WHERE state = $1 ORDER BY id

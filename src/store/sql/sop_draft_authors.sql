SELECT author FROM sop WHERE state = 'draft' AND NOT EXISTS (
    SELECT 1 FROM audit AS back WHERE back.object = 'sop/' || CAST(sop.id AS TEXT) AND back.action = 'sop-return' AND NOT EXISTS (
        SELECT 1 FROM audit AS later
        WHERE later.object = back.object AND later.action = 'sop-decree' AND later.number > back.number))

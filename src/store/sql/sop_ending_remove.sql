DELETE FROM sop_ending WHERE sop = $1

DELETE FROM sop_rollout_site WHERE sop = $1

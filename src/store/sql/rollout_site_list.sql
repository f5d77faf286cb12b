SELECT site, sop, wave, begun, generation, seen FROM sop_rollout_site WHERE sop = $1 ORDER BY wave, site

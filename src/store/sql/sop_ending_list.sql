SELECT sop, staff, reason, asked FROM sop_ending ORDER BY sop

SELECT author FROM sop WHERE state = 'draft'

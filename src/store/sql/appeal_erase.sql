UPDATE appeal SET contact = NULL, why = '', subject = '', explanation = ''
WHERE (contact IS NOT NULL OR why <> '' OR subject <> '' OR explanation <> '') AND (decided < $1 OR received < $2)

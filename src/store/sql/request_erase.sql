UPDATE request SET contact = NULL, words = '', about = '', visit = NULL, explanation = ''
WHERE (contact IS NOT NULL OR words <> '' OR about <> '' OR visit IS NOT NULL OR explanation <> '') AND (settled < $1 OR received < $2)

UPDATE person SET title = '' WHERE closed IS NOT NULL AND closed < $1 AND title <> ''

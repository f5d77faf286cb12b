INSERT INTO month_hidden (month, document, decided) VALUES ($1, $2, $3)
ON CONFLICT (month) DO UPDATE SET document = excluded.document, decided = excluded.decided

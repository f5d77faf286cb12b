-- The rows that the statement before added, $1 of them: a table's new rows are numbered on.
SELECT site, visit FROM visit WHERE rowid > last_insert_rowid() - $1 AND $1 > 0

-- What is not shown of a closed month. The same tables and columns as in ../controller-postgres.

-- Which sites and sums tell nothing about people in any report of the month (JSON): decided once it is closed, and only added to, so
-- that two issues of a report do not tell together what neither does.
CREATE TABLE month_hidden (
    month TEXT NOT NULL,
    document TEXT NOT NULL,
    decided INTEGER NOT NULL,
    PRIMARY KEY (month)
) STRICT, WITHOUT ROWID;

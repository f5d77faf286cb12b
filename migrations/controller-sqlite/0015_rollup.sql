-- Visits added up, and screens on walls. The same tables and columns as in ../controller-postgres.

-- Visits by site and the hour (ms, UTC) in which they began. Each telling of a visit moves it by the difference, in the
-- transaction that keeps the telling. Led by the hour: what is asked for are the last days of all sites.
CREATE TABLE usage_hour (
    site TEXT NOT NULL,
    hour INTEGER NOT NULL,
    visits INTEGER NOT NULL,
    bytes_up INTEGER NOT NULL,
    bytes_down INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    PRIMARY KEY (hour, site)
) STRICT, WITHOUT ROWID;

INSERT INTO usage_hour (site, hour, visits, bytes_up, bytes_down, seconds)
SELECT site, started - started % 3600000, count(*), CAST(sum(least_up) AS BIGINT), CAST(sum(least_down) AS BIGINT),
    CAST(sum(least_seconds) AS BIGINT)
FROM (
    SELECT site, started,
        CASE WHEN bytes_up < 0 THEN 0 WHEN bytes_up > 70368744177664 THEN 70368744177664 ELSE bytes_up END AS least_up,
        CASE WHEN bytes_down < 0 THEN 0 WHEN bytes_down > 70368744177664 THEN 70368744177664 ELSE bytes_down END AS least_down,
        CASE WHEN seconds < 0 THEN 0 WHEN seconds > 70368744177664 THEN 70368744177664 ELSE seconds END AS least_seconds
    -- In the order of the table: by an index, each of millions of visits would be looked up on its own.
    FROM visit NOT INDEXED
) AS bounded
GROUP BY site, started - started % 3600000;

-- Screens on walls: SHA-256 of the secret in a screen's address, and which sites it shows.
CREATE TABLE wall_screen (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL,
    scope TEXT NOT NULL,
    made INTEGER NOT NULL,
    made_by TEXT NOT NULL,
    ended INTEGER,
    ended_by TEXT,
    PRIMARY KEY (id)
);

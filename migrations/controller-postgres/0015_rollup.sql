-- Visits added up, and screens on walls. The same tables and columns as in ../controller-sqlite.

-- Visits by site and the hour (ms, UTC) in which they began. Each telling of a visit moves it by the difference, in the
-- transaction that keeps the telling. Led by the hour: what is asked for are the last days of all sites.
CREATE TABLE usage_hour (
    site TEXT NOT NULL,
    hour BIGINT NOT NULL,
    visits BIGINT NOT NULL,
    bytes_up BIGINT NOT NULL,
    bytes_down BIGINT NOT NULL,
    seconds BIGINT NOT NULL,
    PRIMARY KEY (hour, site)
);

-- No visit may come between what is added up here and what is moved from then on.
LOCK TABLE visit IN SHARE ROW EXCLUSIVE MODE;

INSERT INTO usage_hour (site, hour, visits, bytes_up, bytes_down, seconds)
SELECT site, started - started % 3600000, count(*), CAST(sum(least_up) AS BIGINT), CAST(sum(least_down) AS BIGINT),
    CAST(sum(least_seconds) AS BIGINT)
FROM (
    SELECT site, started,
        CASE WHEN bytes_up < 0 THEN 0 WHEN bytes_up > 70368744177664 THEN 70368744177664 ELSE bytes_up END AS least_up,
        CASE WHEN bytes_down < 0 THEN 0 WHEN bytes_down > 70368744177664 THEN 70368744177664 ELSE bytes_down END AS least_down,
        CASE WHEN seconds < 0 THEN 0 WHEN seconds > 70368744177664 THEN 70368744177664 ELSE seconds END AS least_seconds
    FROM visit
) AS bounded
GROUP BY site, started - started % 3600000;

-- Screens on walls: SHA-256 of the secret in a screen's address, and which sites it shows.
CREATE TABLE wall_screen (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BYTEA NOT NULL,
    scope TEXT NOT NULL,
    made BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    ended BIGINT,
    ended_by TEXT,
    PRIMARY KEY (id)
);

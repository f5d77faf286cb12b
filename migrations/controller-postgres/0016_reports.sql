-- The monthly report. The same tables and columns as in ../controller-sqlite.

-- What a month was at a site (JSON), by the site's own calendar. issue 0: the running month, written anew each hour; from 1 on: a
-- closed month, never changed. A figure that data which came late would change is a new issue; reason says what came late.
CREATE TABLE month_figure (
    site TEXT NOT NULL,
    month TEXT NOT NULL,
    issue BIGINT NOT NULL,
    document TEXT NOT NULL,
    made BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (site, month, issue)
);

-- When a site was to be open in a month (JSON: spans in ms), noted as it went by: schedules change, and what was planned stays.
CREATE TABLE month_plan (
    site TEXT NOT NULL,
    month TEXT NOT NULL,
    document TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (site, month)
);

CREATE INDEX month_figure_by_month ON month_figure (month, site, issue);
-- A month of one site is read without the others'.
CREATE INDEX usage_hour_by_site ON usage_hour (site, hour);

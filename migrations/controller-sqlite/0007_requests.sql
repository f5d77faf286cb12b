-- Requests for help (tickets), their history, frequent questions, and how far their export is. The same tables and columns as in
-- ../controller-postgres.

-- origin: portal, appeal, counter, telephone. An appeal's text and contact stand in appeal, under the same number.
-- desk: helpdesk, site-head, department, agency: whose turn it is. agency '' = never forwarded, holder '' = nobody has taken it.
-- settled: when it was answered or closed; NULL = somebody owes an answer until due. level: 0, 1 site head, 2 department.
-- words, about, visit and explanation are erased in time, contact sooner (see gapura doctor privacy).
CREATE TABLE request (
    site TEXT NOT NULL,
    reference TEXT NOT NULL,
    gateway TEXT NOT NULL,
    origin TEXT NOT NULL,
    topic TEXT NOT NULL,
    about TEXT NOT NULL,
    words TEXT NOT NULL,
    contact TEXT,
    visit TEXT,
    explanation TEXT NOT NULL,
    state TEXT NOT NULL,
    holder TEXT NOT NULL,
    desk TEXT NOT NULL,
    agency TEXT NOT NULL,
    level INTEGER NOT NULL,
    made INTEGER NOT NULL,
    received INTEGER NOT NULL,
    due INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    settled INTEGER,
    PRIMARY KEY (site, reference)
) STRICT;

-- What happened to a request, step by step; event counts all steps of all requests in the order in which they came.
CREATE TABLE request_step (
    site TEXT NOT NULL,
    reference TEXT NOT NULL,
    event INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    agency TEXT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (site, reference, event)
) STRICT;

-- Frequent questions (JSON, in their order); site '' = of the department, shown before the site's own.
CREATE TABLE faq (
    site TEXT NOT NULL,
    document TEXT NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (site)
) STRICT;

-- Up to which event a receiver has them, and why it is no longer sent any ('' = it is).
CREATE TABLE request_export (
    receiver TEXT NOT NULL,
    event INTEGER NOT NULL,
    told INTEGER NOT NULL,
    trouble TEXT NOT NULL,
    stopped INTEGER NOT NULL,
    PRIMARY KEY (receiver)
) STRICT;

CREATE INDEX request_by_due ON request (settled, due);
CREATE INDEX request_by_reference ON request (reference);
CREATE INDEX request_by_gateway ON request (site, gateway, received);
CREATE INDEX request_by_change ON request (site, changed);
CREATE UNIQUE INDEX request_step_by_event ON request_step (event);

-- Appeals of before are in the same list. What waits was due 48 hours after it came.
INSERT INTO request (site, reference, gateway, origin, topic, about, words, contact, visit, explanation, state, holder, desk, agency, level,
    made, received, due, changed, settled)
SELECT site, reference, gateway, 'appeal', 'blocked', '', '', NULL, NULL, '', CASE WHEN decided IS NULL THEN 'received' ELSE 'answered' END,
    COALESCE(decided_by, ''), 'helpdesk', '', 0, made, received, received + 172800000, COALESCE(decided, received), decided
FROM appeal;

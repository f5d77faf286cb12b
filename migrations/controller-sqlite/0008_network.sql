-- The network: how routers were, where mobile centres stand, what is set above the sites, alerts, backups. The same tables and
-- columns as in ../controller-postgres.

-- How each router was, from when to when: what its heartbeats said, or 'silent'. until NULL = still so.
CREATE TABLE gateway_state (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    since INTEGER NOT NULL,
    state TEXT NOT NULL,
    until INTEGER,
    PRIMARY KEY (site, gateway, since)
) STRICT;

-- Where a mobile centre stands: the row with the latest since holds.
CREATE TABLE site_place (
    site TEXT NOT NULL,
    since INTEGER NOT NULL,
    place TEXT NOT NULL,
    staff TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (site, since),
    FOREIGN KEY (site) REFERENCES site (id)
) STRICT;

-- What is set above the sites (JSON): level is department, regency, agency, kind or group; name is '' for the department.
CREATE TABLE setting_group (
    level TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (level, name)
) STRICT;

-- The named group a site belongs to, if any.
CREATE TABLE setting_member (
    site TEXT NOT NULL,
    of_group TEXT NOT NULL,
    PRIMARY KEY (site),
    FOREIGN KEY (site) REFERENCES site (id)
) STRICT;

-- What the site itself sets (JSON); NULL = its document states everything. document is what comes of all levels together.
ALTER TABLE site ADD COLUMN own TEXT;

-- Versions of terms (JSON); never changed.
CREATE TABLE terms (
    version TEXT NOT NULL,
    document TEXT NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (version)
) STRICT;

-- Calendars of holidays (JSON).
CREATE TABLE calendar (
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT;

-- What is or was wrong in the fleet. since: first seen; raised: held long enough; better: from when on it looked well again.
-- site '' = not of one site. object: a gateway, a list, '' for the controller.
CREATE TABLE alert (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    site TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    since INTEGER NOT NULL,
    raised INTEGER,
    better INTEGER,
    ended INTEGER,
    told INTEGER,
    told_end INTEGER,
    taken_by TEXT,
    taken INTEGER,
    words TEXT NOT NULL,
    PRIMARY KEY (id)
) STRICT;

-- Messages on their way, one row for each receiver.
CREATE TABLE alert_message (
    id TEXT NOT NULL,
    channel TEXT NOT NULL,
    document TEXT NOT NULL,
    made INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due INTEGER NOT NULL,
    sent INTEGER,
    trouble TEXT NOT NULL,
    PRIMARY KEY (id)
) STRICT;

-- Backups that were made.
CREATE TABLE backup (
    made INTEGER NOT NULL,
    file TEXT NOT NULL,
    octets INTEGER NOT NULL,
    staff TEXT NOT NULL,
    PRIMARY KEY (made)
) STRICT;

CREATE INDEX alert_by_end ON alert (ended);
CREATE INDEX alert_message_by_due ON alert_message (sent, due);

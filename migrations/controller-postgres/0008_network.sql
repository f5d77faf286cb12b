-- The network: how routers were, where mobile centres stand, what is set above the sites, alerts, backups. The same tables and
-- columns as in ../controller-sqlite.

-- How each router was, from when to when: what its heartbeats said, or 'silent'. until NULL = still so.
CREATE TABLE gateway_state (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    since BIGINT NOT NULL,
    state TEXT NOT NULL,
    until BIGINT,
    PRIMARY KEY (site, gateway, since)
);

-- Where a mobile centre stands: the row with the latest since holds.
CREATE TABLE site_place (
    site TEXT NOT NULL,
    since BIGINT NOT NULL,
    place TEXT NOT NULL,
    staff TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (site, since),
    FOREIGN KEY (site) REFERENCES site (id)
);

-- What is set above the sites (JSON): level is department, regency, agency, kind or group; name is '' for the department.
CREATE TABLE setting_group (
    level TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (level, name)
);

-- The named group a site belongs to, if any.
CREATE TABLE setting_member (
    site TEXT NOT NULL,
    of_group TEXT NOT NULL,
    PRIMARY KEY (site),
    FOREIGN KEY (site) REFERENCES site (id)
);

-- What the site itself sets (JSON); NULL = its document states everything. document is what comes of all levels together.
ALTER TABLE site ADD COLUMN own TEXT;

-- Versions of terms (JSON); never changed.
CREATE TABLE terms (
    version TEXT NOT NULL,
    document TEXT NOT NULL,
    made BIGINT NOT NULL,
    PRIMARY KEY (version)
);

-- Calendars of holidays (JSON).
CREATE TABLE calendar (
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (name)
);

-- What is or was wrong in the fleet. since: first seen; raised: held long enough; better: from when on it looked well again.
-- site '' = not of one site. object: a gateway, a list, '' for the controller.
CREATE TABLE alert (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    site TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    since BIGINT NOT NULL,
    raised BIGINT,
    better BIGINT,
    ended BIGINT,
    told BIGINT,
    told_end BIGINT,
    taken_by TEXT,
    taken BIGINT,
    words TEXT NOT NULL,
    PRIMARY KEY (id)
);

-- Messages on their way, one row for each receiver.
CREATE TABLE alert_message (
    id TEXT NOT NULL,
    channel TEXT NOT NULL,
    document TEXT NOT NULL,
    made BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    due BIGINT NOT NULL,
    sent BIGINT,
    trouble TEXT NOT NULL,
    PRIMARY KEY (id)
);

-- Backups that were made.
CREATE TABLE backup (
    made BIGINT NOT NULL,
    file TEXT NOT NULL,
    octets BIGINT NOT NULL,
    staff TEXT NOT NULL,
    PRIMARY KEY (made)
);

CREATE INDEX alert_by_end ON alert (ended);
CREATE INDEX alert_message_by_due ON alert_message (sent, due);

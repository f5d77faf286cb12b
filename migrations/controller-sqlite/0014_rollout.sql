-- Publishing a SOP in waves. The same tables and columns as in ../controller-postgres.

-- One rollout a SOP. state: waiting, running, stopped, done, rolled-back. wave: the last one that has begun, 0 = none; begun: when it
-- did, or somebody went on. former: the revisions that were in force before (JSON). rules: when it stops by itself (JSON); cause:
-- why it did (JSON), '' = it did not. due: not before then.
CREATE TABLE sop_rollout (
    sop INTEGER NOT NULL,
    state TEXT NOT NULL,
    waves INTEGER NOT NULL,
    wave INTEGER NOT NULL,
    begun INTEGER,
    former TEXT NOT NULL,
    rules TEXT NOT NULL,
    due INTEGER,
    staff TEXT NOT NULL,
    reason TEXT NOT NULL,
    made INTEGER NOT NULL,
    cause TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    words TEXT NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (sop)
) STRICT;

-- Which site is in which wave, from 1; generation: its first bundle with the revision; seen: how its gateways fared since (JSON).
-- A site that is not here belongs to the last wave.
CREATE TABLE sop_rollout_site (
    site TEXT NOT NULL,
    sop INTEGER NOT NULL,
    wave INTEGER NOT NULL,
    begun INTEGER,
    generation INTEGER NOT NULL,
    seen TEXT NOT NULL,
    PRIMARY KEY (site, sop)
) STRICT;

CREATE INDEX sop_rollout_by_state ON sop_rollout (state);
CREATE INDEX sop_rollout_site_by_sop ON sop_rollout_site (sop, wave);
CREATE INDEX filter_count_by_sop ON filter_count (sop, hour);

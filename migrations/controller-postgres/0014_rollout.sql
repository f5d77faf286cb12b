-- Publishing a SOP in waves. The same tables and columns as in ../controller-sqlite.

-- One rollout a SOP. state: waiting, running, stopped, done, rolled-back. wave: the last one that has begun, 0 = none; begun: when it
-- did, or somebody went on. former: the revisions that were in force before (JSON). rules: when it stops by itself (JSON); cause:
-- why it did (JSON), '' = it did not. due: not before then.
CREATE TABLE sop_rollout (
    sop BIGINT NOT NULL,
    state TEXT NOT NULL,
    waves BIGINT NOT NULL,
    wave BIGINT NOT NULL,
    begun BIGINT,
    former TEXT NOT NULL,
    rules TEXT NOT NULL,
    due BIGINT,
    staff TEXT NOT NULL,
    reason TEXT NOT NULL,
    made BIGINT NOT NULL,
    cause TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    words TEXT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (sop)
);

-- Which site is in which wave, from 1; generation: its first bundle with the revision; seen: how its gateways fared since (JSON).
-- A site that is not here belongs to the last wave.
CREATE TABLE sop_rollout_site (
    site TEXT NOT NULL,
    sop BIGINT NOT NULL,
    wave BIGINT NOT NULL,
    begun BIGINT,
    generation BIGINT NOT NULL,
    seen TEXT NOT NULL,
    PRIMARY KEY (site, sop)
);

CREATE INDEX sop_rollout_by_state ON sop_rollout (state);
CREATE INDEX sop_rollout_site_by_sop ON sop_rollout_site (sop, wave);
CREATE INDEX filter_count_by_sop ON filter_count (sop, hour);

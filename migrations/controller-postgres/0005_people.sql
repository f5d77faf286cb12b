-- Staff: who they are, what they may, where they are signed in; signed heads of the audit log. The same tables and columns as
-- in ../controller-sqlite.

-- People. verifier: Argon2id (PHC text), '' = no password; temporary_until: given by somebody else, to be replaced at the next
-- sign-in. totp: the second factor's secret, sealed; totp_step: the last time step used. subject: who they are at the
-- department's identity provider.
CREATE TABLE person (
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    lang TEXT NOT NULL,
    verifier TEXT NOT NULL,
    temporary_until BIGINT,
    totp BYTEA,
    totp_step BIGINT NOT NULL,
    subject TEXT,
    made BIGINT NOT NULL,
    closed BIGINT,
    PRIMARY KEY (name)
);

-- What people may: a role and where it holds.
CREATE TABLE person_grant (
    person TEXT NOT NULL,
    role TEXT NOT NULL,
    scope TEXT NOT NULL,
    given BIGINT NOT NULL,
    given_by TEXT NOT NULL,
    PRIMARY KEY (person, role, scope),
    FOREIGN KEY (person) REFERENCES person (name)
);

-- Codes for the day the second factor is lost, each good once; SHA-256 over name and code.
CREATE TABLE recovery_code (
    person TEXT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (person, hash),
    FOREIGN KEY (person) REFERENCES person (name)
);

-- Sessions by SHA-256 of their token. stage: full, or what is still to be done (code, password, enrol). pending: a second
-- factor's secret that was shown and not yet confirmed, sealed.
CREATE TABLE staff_session (
    hash BYTEA NOT NULL,
    person TEXT NOT NULL,
    stage TEXT NOT NULL,
    made BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    proved BIGINT NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    pending BYTEA,
    PRIMARY KEY (hash),
    FOREIGN KEY (person) REFERENCES person (name)
);

-- Signed heads of the audit log (JSON).
CREATE TABLE audit_anchor (
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    at BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (number)
);

CREATE UNIQUE INDEX person_by_subject ON person (subject);
CREATE INDEX staff_session_by_person ON staff_session (person);
CREATE INDEX audit_by_actor ON audit (actor, number);
CREATE INDEX audit_by_time ON audit (at);

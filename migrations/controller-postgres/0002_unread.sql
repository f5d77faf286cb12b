-- Usage records (JSON) of a router that is newer than this controller: kept until a controller comes that can read them.
CREATE TABLE unread_record (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    document TEXT NOT NULL,
    received BIGINT NOT NULL,
    PRIMARY KEY (site, gateway, sha256)
);

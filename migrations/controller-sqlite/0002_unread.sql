-- Usage records (JSON) of a router that is newer than this controller: kept until a controller comes that can read them.
CREATE TABLE unread_record (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    document TEXT NOT NULL,
    received INTEGER NOT NULL,
    PRIMARY KEY (site, gateway, sha256)
) STRICT;

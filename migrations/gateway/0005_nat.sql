-- NAT attribution: which public ports a visit has, at which of the router's addresses, since when (JSON). Stays while the ports rest.
CREATE TABLE visit_nat (
    visit BLOB NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    ended INTEGER
) WITHOUT ROWID;

-- Groups of sites, and what their vouchers lend out. The same tables and columns as in ../controller-postgres.

CREATE TABLE voucher_group (
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT;

CREATE TABLE voucher_group_site (
    of_group TEXT NOT NULL,
    site TEXT NOT NULL,
    PRIMARY KEY (of_group, site),
    FOREIGN KEY (of_group) REFERENCES voucher_group (name),
    FOREIGN KEY (site) REFERENCES site (id)
) STRICT;

-- A voucher of a group: what it is worth, what each site holds of it and what is in reserve (JSON; the parts add up to the whole).
CREATE TABLE lending (
    id BLOB NOT NULL,
    of_group TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (of_group) REFERENCES voucher_group (name)
) STRICT;

-- Vouchers whose site is to be asked back for what it can spare.
CREATE TABLE recall (
    site TEXT NOT NULL,
    tag BLOB NOT NULL,
    PRIMARY KEY (site, tag),
    FOREIGN KEY (site, tag) REFERENCES voucher (site, tag)
) STRICT;

-- A voucher of a group stands in the list of each of its sites: which one it is, and what that site begins with (JSON).
ALTER TABLE voucher ADD COLUMN lending BLOB;
ALTER TABLE voucher ADD COLUMN share TEXT;

CREATE INDEX voucher_by_lending ON voucher (lending);
CREATE INDEX lending_by_group ON lending (of_group);

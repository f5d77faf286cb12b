-- The SOP desk: what one person asks and a second one has to agree to, and the log of one thing. The same tables and columns as in
-- ../controller-postgres.

-- SOPs in force that somebody asks to take out of force; a second person agrees.
CREATE TABLE sop_ending (
    sop INTEGER NOT NULL,
    staff TEXT NOT NULL,
    reason TEXT NOT NULL,
    asked INTEGER NOT NULL,
    PRIMARY KEY (sop),
    FOREIGN KEY (sop) REFERENCES sop (id)
) STRICT;

CREATE INDEX audit_by_object ON audit (object, number);

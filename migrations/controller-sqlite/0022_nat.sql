-- NAT attribution: the public ports a visit had, at which pseudonym of the router's address, from when until when (JSON); none
-- where the site did not note them. Goes with its visit. The same columns as in ../controller-postgres.
ALTER TABLE visit ADD COLUMN nat TEXT;

CREATE INDEX visit_nat ON visit (site, started) WHERE nat IS NOT NULL;

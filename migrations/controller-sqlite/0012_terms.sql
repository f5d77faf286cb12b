-- What is counted of terms in force is counted in the index alone. The same tables and columns as in ../controller-postgres.

DROP INDEX visit_by_start;
CREATE INDEX visit_by_start ON visit (site, started, terms);

-- What becomes of orders, and forms that are sent twice. The same tables and columns as in ../controller-postgres.

-- sent: when the order was first handed to the gateway; until then it can be taken back (state taken-back). An order that holds a
-- code for moving is sealed under the controller's own key.
ALTER TABLE desk_order ADD COLUMN sent INTEGER;
-- What waits now may be with its gateway already.
UPDATE desk_order SET sent = made WHERE state = 'queued';

-- calls: how often the number was called; caller: who called it last.
ALTER TABLE desk_ticket ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE desk_ticket ADD COLUMN caller TEXT NOT NULL DEFAULT '';

-- Forms that were carried out, and what came of them: sent again, they lead to the same. Kept for a day.
CREATE TABLE form_done (
    site TEXT NOT NULL,
    form TEXT NOT NULL,
    result TEXT NOT NULL,
    made INTEGER NOT NULL,
    PRIMARY KEY (site, form)
) STRICT;

CREATE INDEX form_done_by_time ON form_done (made);

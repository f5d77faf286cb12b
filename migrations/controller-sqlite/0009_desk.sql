-- The counter: orders to gateways, who is online, PC seats, the queue, classes. The same tables and columns as in
-- ../controller-postgres.

-- Orders of staff. document: the order as it is sent (JSON); outcome: what the gateway said (JSON). state: queued, done, failed.
-- A code for moving stands in document until its time is over.
CREATE TABLE desk_order (
    site TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    visit TEXT,
    document TEXT NOT NULL,
    who TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    made INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    told INTEGER,
    outcome TEXT,
    PRIMARY KEY (site, id)
);

-- One row that counts orders: a server whose gateways wait looks here.
CREATE TABLE desk_bell (
    id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (id)
);

-- Who was online when the site last told it (JSON, devices by pseudonym); a server that starts begins from it.
CREATE TABLE desk_view (
    site TEXT NOT NULL,
    document TEXT NOT NULL,
    told INTEGER NOT NULL,
    PRIMARY KEY (site)
);

-- PC seats that are out of order, or kept for a number of the queue.
CREATE TABLE desk_seat (
    site TEXT NOT NULL,
    seat TEXT NOT NULL,
    broken INTEGER NOT NULL,
    ticket INTEGER,
    until INTEGER,
    PRIMARY KEY (site, seat)
);

-- Numbers of the queue, counted from 1 each day (of the site's zone). state: waiting, called, present, gone.
CREATE TABLE desk_ticket (
    site TEXT NOT NULL,
    day TEXT NOT NULL,
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    made INTEGER NOT NULL,
    called INTEGER,
    seat TEXT,
    PRIMARY KEY (site, day, number)
);

-- Classes. document: seats, plan, group, and the phones' code while it is good (JSON). Of those who came only how many is kept.
CREATE TABLE desk_class (
    site TEXT NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    document TEXT NOT NULL,
    who TEXT NOT NULL,
    made INTEGER NOT NULL,
    until INTEGER NOT NULL,
    closed INTEGER,
    attendance INTEGER,
    PRIMARY KEY (site, id)
);

CREATE INDEX desk_order_by_state ON desk_order (state, site, made);
CREATE INDEX desk_order_by_time ON desk_order (site, made);
CREATE INDEX desk_class_by_time ON desk_class (site, until);

INSERT INTO desk_bell (id, number) VALUES (1, 0);

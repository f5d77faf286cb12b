-- So that pages take as long after a year as on the first day. The same indexes as in ../controller-postgres.

CREATE INDEX voucher_by_plan ON voucher (plan) WHERE revoked IS NULL;
CREATE INDEX gateway_state_by_gateway ON gateway_state (gateway, since);
CREATE INDEX gateway_state_now ON gateway_state (site, gateway) WHERE until IS NULL;

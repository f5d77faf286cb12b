//! Every statement of the ledger, as text in `sql/`.

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) const $name: &str = include_str!(concat!("sql/", $file));)*
        /// Every statement with its file, for the test that prepares them all.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$(($file, $name)),*];
    };
}

statements! {
    AUDIT = "audit.sql";
    AUDIT_INSERT = "audit_insert.sql";
    AUDIT_PRUNE = "audit_prune.sql";
    BALANCE = "balance.sql";
    BALANCE_PRUNE = "balance_prune.sql";
    BALANCE_UPSERT = "balance_upsert.sql";
    BALANCES_RUNNING = "balances_running.sql";
    DESK_ORDER_DONE = "desk_order_done.sql";
    DESK_ORDER_INSERT = "desk_order_insert.sql";
    DESK_ORDER_KNOWN = "desk_order_known.sql";
    DESK_ORDER_PRUNE = "desk_order_prune.sql";
    DESK_ORDER_TOLD = "desk_order_told.sql";
    DESK_ORDERS_OPEN = "desk_orders_open.sql";
    DESK_ORDERS_UNTOLD = "desk_orders_untold.sql";
    HOLDERS_RECENT = "holders_recent.sql";
    OUTBOX_BATCH = "outbox_batch.sql";
    OUTBOX_COUNT = "outbox_count.sql";
    OUTBOX_DROP = "outbox_drop.sql";
    OUTBOX_INSERT = "outbox_insert.sql";
    OUTBOX_REPLACE = "outbox_replace.sql";
    OUTBOX_SEED = "outbox_seed.sql";
    OUTBOX_SENT = "outbox_sent.sql";
    OUTBOX_TAKE = "outbox_take.sql";
    REDEMPTION = "redemption.sql";
    REDEMPTION_INSERT = "redemption_insert.sql";
    SETTING = "setting.sql";
    SETTING_DELETE = "setting_delete.sql";
    SETTING_UPSERT = "setting_upsert.sql";
    TERMS_INSERT = "terms_insert.sql";
    TERMS_PRUNE = "terms_prune.sql";
    TOKEN = "token.sql";
    TOKEN_INSERT = "token_insert.sql";
    VERIFIER = "verifier.sql";
    VERIFIER_DELETE = "verifier_delete.sql";
    VERIFIER_PRUNE = "verifier_prune.sql";
    VERIFIER_UPSERT = "verifier_upsert.sql";
    VISIT_DELETE = "visit_delete.sql";
    VISIT_NAT = "visit_nat.sql";
    VISIT_NAT_DELETE = "visit_nat_delete.sql";
    VISIT_NAT_PRUNE = "visit_nat_prune.sql";
    VISIT_NAT_UPSERT = "visit_nat_upsert.sql";
    VISIT_SORT = "visit_sort.sql";
    VISIT_SORT_DELETE = "visit_sort_delete.sql";
    VISIT_SORT_UPSERT = "visit_sort_upsert.sql";
    VISIT_UPSERT = "visit_upsert.sql";
    VISITS = "visits.sql";
}

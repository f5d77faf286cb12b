//! Every SQL text, by name. One text serves both databases; a test prepares each on both.

/// A text and its name in logs and errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql {
    /// The file in `sql/`, without its ending.
    pub(crate) name: &'static str,
    /// What the database is told.
    pub(crate) text: &'static str,
}

macro_rules! sql_files {
    ($($name:ident = $file:literal;)*) => {
        $(pub(crate) const $name: Sql = Sql { name: $file, text: include_str!(concat!("sql/", $file, ".sql")) };)*

        /// All of them.
        #[cfg(test)]
        pub(crate) const ALL: &[Sql] = &[$($name),*];
    };
}

sql_files! {
    ACCOUNT_GET = "account_get";
    ACCOUNT_LIST = "account_list";
    ACCOUNT_PUT = "account_put";
    AUDIT_ADD = "audit_add";
    AUDIT_LAST = "audit_last";
    AUDIT_PAGE = "audit_page";
    BALANCE_PAGE = "balance_page";
    BALANCE_PUT = "balance_put";
    BATCH_ADD = "batch_add";
    BATCH_GET = "batch_get";
    BATCH_NEXT = "batch_next";
    BUNDLE_ADD = "bundle_add";
    BUNDLE_GENERATIONS = "bundle_generations";
    BUNDLE_LAST = "bundle_last";
    BUNDLE_NEWER = "bundle_newer";
    CERTIFICATE_ADD = "certificate_add";
    CERTIFICATE_OWNER = "certificate_owner";
    ENROLMENT_ADD = "enrolment_add";
    ENROLMENT_APPROVE = "enrolment_approve";
    ENROLMENT_CLAIM = "enrolment_claim";
    ENROLMENT_GET = "enrolment_get";
    ENROLMENT_LIST = "enrolment_list";
    ENROLMENT_REFUSE = "enrolment_refuse";
    EPOCH_KEY_ADD = "epoch_key_add";
    EPOCH_KEY_LIST = "epoch_key_list";
    GATEWAY_ADD = "gateway_add";
    GATEWAY_GET = "gateway_get";
    GATEWAY_LIST = "gateway_list";
    GATEWAY_RESTORED = "gateway_restored";
    GATEWAY_REVOKE = "gateway_revoke";
    GROUP_ADD = "group_add";
    GROUP_DELETE = "group_delete";
    GROUP_LIST = "group_list";
    GROUP_SITE_ADD = "group_site_add";
    GROUP_SITE_LIST = "group_site_list";
    GROUP_SITE_REMOVE = "group_site_remove";
    GROUP_VOUCHERS = "group_vouchers";
    LENDING_ADD = "lending_add";
    LENDING_BATCH = "lending_batch";
    LENDING_GET = "lending_get";
    LENDING_PUT = "lending_put";
    OUTAGE_LIST = "outage_list";
    OUTAGE_PUT = "outage_put";
    PLAN_LENT = "plan_lent";
    PLAN_LIST = "plan_list";
    PLAN_PUT = "plan_put";
    PLAN_REMOVE = "plan_remove";
    PLAN_VOUCHERS = "plan_vouchers";
    PUBLICATION_BUMP = "publication_bump";
    PUBLICATION_NUMBER = "publication_number";
    RECALL_ADD = "recall_add";
    RECALL_DONE = "recall_done";
    RECALL_LEFT = "recall_left";
    RECALL_LIST = "recall_list";
    REPORT_HEARTBEAT = "report_heartbeat";
    REPORT_LIST = "report_list";
    REPORT_OUTCOME = "report_outcome";
    SITE_GET = "site_get";
    SITE_LIST = "site_list";
    SITE_PUT = "site_put";
    TALLY_ADD = "tally_add";
    TALLY_LIST = "tally_list";
    UNREAD_ADD = "unread_add";
    UNREAD_COUNT = "unread_count";
    UNREAD_PAGE = "unread_page";
    UNREAD_REMOVE = "unread_remove";
    VISIT_LIST = "visit_list";
    VISIT_PUT = "visit_put";
    VISIT_SUM = "visit_sum";
    VOUCHER_ADD = "voucher_add";
    VOUCHER_GET = "voucher_get";
    VOUCHER_LIST = "voucher_list";
    VOUCHER_OF_GROUP = "voucher_of_group";
    VOUCHER_OF_LENDING = "voucher_of_lending";
    VOUCHER_REVOKE = "voucher_revoke";
    VOUCHER_REVOKE_BATCH = "voucher_revoke_batch";
    VOUCHER_REVOKE_LEFT = "voucher_revoke_left";
    VOUCHER_REVOKE_LENDING = "voucher_revoke_lending";
}

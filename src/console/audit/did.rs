//! What was done, in words: the audit log itself keeps the same short names in every language.

use gapura_speech::Words;

/// What the log calls it, and the message.
const DID: &[(&str, &str)] = &[
    ("account-close", "audit-did-account-close"),
    ("account-set", "audit-did-account-set"),
    ("alert-take", "audit-did-alert-take"),
    ("alert-try", "audit-did-alert-try"),
    ("appeal-decide", "audit-did-appeal-decide"),
    ("backup-make", "audit-did-backup-make"),
    ("backup-restore", "audit-did-backup-restore"),
    ("calendar-set", "audit-did-calendar-set"),
    ("certificate-renew", "audit-did-certificate-renew"),
    ("class-attendance", "audit-did-class-attendance"),
    ("class-close", "audit-did-class-close"),
    ("class-code-seen", "audit-did-class-code-seen"),
    ("class-groups-set", "audit-did-class-groups-set"),
    ("class-open", "audit-did-class-open"),
    ("contact-set", "audit-did-contact-set"),
    ("desk-order", "audit-did-desk-order"),
    ("device-block", "audit-did-device-block"),
    ("device-remove", "audit-did-device-remove"),
    ("device-set", "audit-did-device-set"),
    ("device-unblock", "audit-did-device-unblock"),
    ("doubt-set", "audit-did-doubt-set"),
    ("nat-set", "audit-did-nat-set"),
    ("enrol-code", "audit-did-enrol-code"),
    ("enrol-refuse", "audit-did-enrol-refuse"),
    ("export", "audit-did-export"),
    ("faq-set", "audit-did-faq-set"),
    ("forward-set", "audit-did-forward-set"),
    ("garden-set", "audit-did-garden-set"),
    ("gateway-approve", "audit-did-gateway-approve"),
    ("gateway-revoke", "audit-did-gateway-revoke"),
    ("group-add", "audit-did-group-add"),
    ("group-delete", "audit-did-group-delete"),
    ("group-make", "audit-did-group-make"),
    ("group-remove", "audit-did-group-remove"),
    ("hold-agree", "audit-did-hold-agree"),
    ("hold-ask", "audit-did-hold-ask"),
    ("hold-ask-lift", "audit-did-hold-ask-lift"),
    ("hold-keep", "audit-did-hold-keep"),
    ("hold-lift", "audit-did-hold-lift"),
    ("hold-refuse", "audit-did-hold-refuse"),
    ("hours-close-early", "audit-did-hours-close-early"),
    ("hours-exception", "audit-did-hours-exception"),
    ("hours-holidays", "audit-did-hours-holidays"),
    ("hours-reopen", "audit-did-hours-reopen"),
    ("hours-season", "audit-did-hours-season"),
    ("hours-week", "audit-did-hours-week"),
    ("hours-zone", "audit-did-hours-zone"),
    ("identity-set", "audit-did-identity-set"),
    ("import", "audit-did-import"),
    ("index-build", "audit-did-index-build"),
    ("language-set", "audit-did-language-set"),
    ("list-accept", "audit-did-list-accept"),
    ("list-refresh", "audit-did-list-refresh"),
    ("list-reject", "audit-did-list-reject"),
    ("look", "audit-did-look"),
    ("look-set", "audit-did-look-set"),
    ("lookup-agree", "audit-did-lookup-agree"),
    ("lookup-ask", "audit-did-lookup-ask"),
    ("lookup-close", "audit-did-lookup-close"),
    ("lookup-denied", "audit-did-lookup-denied"),
    ("lookup-export", "audit-did-lookup-export"),
    ("lookup-read", "audit-did-lookup-read"),
    ("lookup-refuse", "audit-did-lookup-refuse"),
    ("lookup-see", "audit-did-lookup-see"),
    ("move-code-seen", "audit-did-move-code-seen"),
    ("notice-add", "audit-did-notice-add"),
    ("notice-remove", "audit-did-notice-remove"),
    ("order-take-back", "audit-did-order-take-back"),
    ("password-reset", "audit-did-password-reset"),
    ("password-set", "audit-did-password-set"),
    ("person-add", "audit-did-person-add"),
    ("person-close", "audit-did-person-close"),
    ("person-grants", "audit-did-person-grants"),
    ("person-set", "audit-did-person-set"),
    ("plan-remove", "audit-did-plan-remove"),
    ("plan-set", "audit-did-plan-set"),
    ("preset-remove", "audit-did-preset-remove"),
    ("preset-set", "audit-did-preset-set"),
    ("queue-number", "audit-did-queue-number"),
    ("records-destroyed", "audit-did-records-destroyed"),
    ("report-issue", "audit-did-report-issue"),
    ("request-add", "audit-did-request-add"),
    ("request-answer", "audit-did-request-answer"),
    ("request-close", "audit-did-request-close"),
    ("request-contact-seen", "audit-did-request-contact-seen"),
    ("request-escalate", "audit-did-request-escalate"),
    ("request-export", "audit-did-request-export"),
    ("request-export-resume", "audit-did-request-export-resume"),
    ("request-forward", "audit-did-request-forward"),
    ("request-note", "audit-did-request-note"),
    ("request-reopen", "audit-did-request-reopen"),
    ("request-return", "audit-did-request-return"),
    ("request-take", "audit-did-request-take"),
    ("screen-end", "audit-did-screen-end"),
    ("screen-make", "audit-did-screen-make"),
    ("seat-open", "audit-did-seat-open"),
    ("seat-reserve", "audit-did-seat-reserve"),
    ("seat-state", "audit-did-seat-state"),
    ("second-factor-reset", "audit-did-second-factor-reset"),
    ("second-factor-set", "audit-did-second-factor-set"),
    ("session-end", "audit-did-session-end"),
    ("settings-group-make", "audit-did-settings-group-make"),
    ("settings-group-rename", "audit-did-settings-group-rename"),
    ("settings-join", "audit-did-settings-join"),
    ("settings-set", "audit-did-settings-set"),
    ("sign-in", "audit-did-sign-in"),
    ("sign-out", "audit-did-sign-out"),
    ("site-make", "audit-did-site-make"),
    ("site-move", "audit-did-site-move"),
    ("site-set", "audit-did-site-set"),
    ("sop-approve", "audit-did-sop-approve"),
    ("sop-carry-on", "audit-did-sop-carry-on"),
    ("sop-decree", "audit-did-sop-decree"),
    ("sop-discard", "audit-did-sop-discard"),
    ("sop-end-ask", "audit-did-sop-end-ask"),
    ("sop-end-keep", "audit-did-sop-end-keep"),
    ("sop-import", "audit-did-sop-import"),
    ("sop-publish", "audit-did-sop-publish"),
    ("sop-replace", "audit-did-sop-replace"),
    ("sop-restore", "audit-did-sop-restore"),
    ("sop-retire", "audit-did-sop-retire"),
    ("sop-return", "audit-did-sop-return"),
    ("sop-rollback", "audit-did-sop-rollback"),
    ("sop-rollout", "audit-did-sop-rollout"),
    ("sop-rollout-done", "audit-did-sop-rollout-done"),
    ("sop-rollout-go-on", "audit-did-sop-rollout-go-on"),
    ("sop-rollout-stop", "audit-did-sop-rollout-stop"),
    ("sop-rollout-wave", "audit-did-sop-rollout-wave"),
    ("sop-shadow", "audit-did-sop-shadow"),
    ("sop-trials", "audit-did-sop-trials"),
    ("terms-add", "audit-did-terms-add"),
    ("terms-set", "audit-did-terms-set"),
    ("uplink-set", "audit-did-uplink-set"),
    ("visit-end", "audit-did-visit-end"),
    ("visit-extend", "audit-did-visit-extend"),
    ("visit-move", "audit-did-visit-move"),
    ("visit-shorten", "audit-did-visit-shorten"),
    ("voucher-make", "audit-did-voucher-make"),
    ("voucher-print", "audit-did-voucher-print"),
    ("voucher-revoke", "audit-did-voucher-revoke"),
    ("ways-set", "audit-did-ways-set"),
];

/// In words; what has none stands as the log has it.
pub(super) fn words(w: &Words, action: &str) -> String {
    let known = DID.iter().find(|(name, _)| *name == action);
    known.map_or_else(|| action.to_owned(), |(_, key)| w.t(key))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn source(folder: &Path, into: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("tests") {
                source(&path, into);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                into.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn whatever_the_controller_notes_has_words() {
        let mut text = String::new();
        source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../controller"), &mut text);
        let mut found = 0;
        for before in ["action: \"", "action = \"", "(who, \"", "(self.who, \""] {
            for rest in text.split(before).skip(1) {
                let action = rest.split('"').next().unwrap();
                assert!(DID.iter().any(|(name, _)| *name == action), "{action} has no words");
                found += 1;
            }
        }
        assert!(found > 40, "{found}");
        for (name, key) in DID {
            assert!(text.contains(&format!("\"{name}\"")) && key.ends_with(name), "{name} is noted nowhere");
        }
    }
}

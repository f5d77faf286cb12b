//! What a running controller does by the clock: notes who fell silent, goes on with rollouts or stops them, looks for alerts and
//! sends what is to be told, makes the scheduled backups.

use std::time::Duration;

use gapura_model::with_causes;
use gapura_runtime::Tasks;

use crate::office::Office;

/// How often the fleet is looked at.
const LOOK: Duration = Duration::from_secs(15);
/// How often it is asked whether a backup is due, and how long after one that failed.
const BACKUPS: Duration = Duration::from_mins(1);
const AFTER_A_FAILURE: Duration = Duration::from_mins(10);

/// Looks at the fleet until the tasks stop. What fails is tried again at the next look.
pub(crate) async fn watch_fleet(office: Office, tasks: Tasks) {
    loop {
        if let Err(error) = office.note_silences().await {
            tracing::error!(error = with_causes(&error), "cannot note which gateways are silent");
        }
        if let Err(error) = office.step_rollouts().await {
            tracing::error!(error = with_causes(&error), "cannot see to the SOPs that are published in waves");
        }
        if let Err(error) = office.look_for_alerts().await {
            tracing::error!(error = with_causes(&error), "cannot look for alerts");
        }
        tokio::select! {
            () = tasks.stopping().cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Sends messages about alerts; a slow mail server holds up no look at the fleet.
pub(crate) async fn send_messages(office: Office, tasks: Tasks) {
    loop {
        // What is being sent as the controller stops is sent again at its next start.
        let sent = tokio::select! {
            () = tasks.stopping().cancelled() => return,
            sent = office.send_messages() => sent,
        };
        if let Err(error) = sent {
            tracing::error!(error = with_causes(&error), "cannot send messages about alerts");
        }
        tokio::select! {
            () = tasks.stopping().cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Makes backups when they are due.
pub(crate) async fn make_backups(office: Office, tasks: Tasks) {
    loop {
        let rest = match office.back_up_wanted_or_due().await {
            Ok(_) => BACKUPS,
            Err(error) => {
                tracing::error!(error = with_causes(&error), "a backup could not be made; trying again later");
                AFTER_A_FAILURE
            }
        };
        tokio::select! {
            () = tasks.stopping().cancelled() => return,
            () = tokio::time::sleep(rest) => {}
            () = office.backups.asked() => {}
        }
    }
}

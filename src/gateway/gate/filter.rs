//! The content filter's rules about addresses, on their way into the kernel.

use gapura_kernel::{AddressFilter, FilterLoad, Throttles};
use gapura_model::Moment;

use super::run::Gate;

impl Gate {
    /// Compares a filter with the one in force; large parts of it are then filled in on another thread.
    ///
    /// # Errors
    /// Why the kernel cannot hold it, in words for the operator.
    pub(super) fn prepare_filter(&mut self, filter: &AddressFilter) -> Result<FilterLoad, String> {
        self.hands.kernel.prepare_filter(filter).map_err(|error| gapura_model::with_causes(&error))
    }

    /// Slows down what the rules say.
    ///
    /// # Errors
    /// Why the kernel cannot do it, in words for the operator; what was slowed before stays so.
    pub(super) fn throttle(&mut self, throttles: &Throttles) -> Result<bool, String> {
        self.hands.kernel.set_throttles(throttles).map_err(|error| gapura_model::with_causes(&error))
    }

    /// Leads first packets of these policy groups to the inspector, and of no others.
    pub(super) fn inspect(&mut self, groups: &[u8]) {
        if let Err(error) = self.hands.kernel.set_inspected(groups) {
            tracing::error!(error = %gapura_model::with_causes(&error), "the kernel did not take whose first packets are inspected");
        }
    }

    /// Puts a filter in force, and has running flows judged by it where it refuses more than the one before.
    ///
    /// # Errors
    /// Why not; the one before stays.
    pub(super) fn finish_filter(&mut self, now: &Moment, mut load: Box<FilterLoad>) -> Result<Box<FilterLoad>, String> {
        let changed = self.hands.kernel.finish_filter(&mut load).map_err(|error| gapura_model::with_causes(&error))?;
        if !changed.tightened.is_empty() {
            tracing::debug!(groups = ?changed.tightened, "running flows are judged by other rules");
            let last_bytes = self.hands.judge_again(&changed.tightened);
            self.judged_anew(now, last_bytes);
        }
        Ok(load)
    }
}

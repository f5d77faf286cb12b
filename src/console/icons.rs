//! Drawings of the menu and of buttons: path data in a box of 24 by 24.

/// Four squares: the counter.
pub(crate) const COUNTER: &str = "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z";
/// A printer.
pub(crate) const PRINT: &str = "M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z";
/// A sheet with a chart: the day's report.
pub(crate) const DAY: &str = "M6 3h9l4 4v14H6zM9 17v-3M12 17v-6M15 17v-4";
/// A board: classes.
pub(crate) const CLASS: &str = "M4 5h16v10H4zM8 19l4-4 4 4M8 9h8";
/// A ticket: vouchers.
pub(crate) const VOUCHER: &str = "M4 7h16v3a2 2 0 0 0 0 4v3H4v-3a2 2 0 0 0 0-4zM14 7v2M14 11v2M14 15v2";
/// A speech bubble: requests.
pub(crate) const REQUEST: &str = "M4 5h16v11H10l-4 4v-4H4zM8 9h8M8 12h5";
/// A router: gateways.
pub(crate) const GATEWAY: &str = "M4 13h16v6H4zM8 16h0M12 16h4M8 9a6 6 0 0 1 8 0M12 13v-2";
/// A house: sites.
pub(crate) const SITE: &str = "M4 11l8-6 8 6v9h-6v-5h-4v5H4z";
/// A calendar: hours.
pub(crate) const HOURS: &str = "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4";
/// A gauge: plans.
pub(crate) const PLAN: &str = "M4 17a8 8 0 1 1 16 0M12 17l4-6M4 20h16";
/// A head: people.
pub(crate) const PERSON: &str = "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c.5-4 3.5-6 8-6s7.5 2 8 6";
/// A page with lines: the audit log.
pub(crate) const AUDIT: &str = "M6 3h9l4 4v14H6zM9 11h7M9 15h7M9 7h3";
/// A bell: alerts.
pub(crate) const ALERT: &str = "M6 17V11a6 6 0 0 1 12 0v6M4 17h16M10 20h4";
/// A box with a lid: backups.
pub(crate) const BACKUP: &str = "M4 5h16v4H4zM6 9v10h12V9M10 13h4";
/// A brush: how the portal looks.
pub(crate) const LOOK: &str = "M14 4l6 6-8 8H6v-6zM4 20h16M11 7l6 6";
/// Layers: groups of settings.
pub(crate) const LAYERS: &str = "M12 4l8 4-8 4-8-4zM4 12l8 4 8-4M4 16l8 4 8-4";
/// A page with a tick: terms.
pub(crate) const TERMS: &str = "M6 3h9l4 4v14H6zM9 8h4M9 15l2 2 4-4";
/// A page with lines: SOPs.
pub(crate) const SOP: &str = "M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7";
/// Bars: the dashboard.
pub(crate) const CHART: &str = "M4 20h16M7 17v-5M12 17V6M17 17v-8";
/// A magnifying glass: why a site is open or blocked.
pub(crate) const LOOK_UP: &str = "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4";
/// Lines with dots: the filter's lists.
pub(crate) const LIST: &str = "M9 6h11M9 12h11M9 18h11M4 6h1M4 12h1M4 18h1";

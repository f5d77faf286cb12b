//! `gapura controller sample`.

use clap::Args;

use super::output::Output;
use super::{CommandError, Desk};
use crate::sample::SampleOrder;

/// Fill an empty database with a made-up regency and its usage, to try the console and to measure it.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  gapura controller sample --config try.toml --days 365 --visits 30000")]
pub struct SampleArgs {
    /// The same seed gives the same figures.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Days behind it, today included.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3660))]
    days: u32,
    /// Visits that begin at all 24 sites on an ordinary day.
    #[arg(long, default_value_t = 30_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    visits: u32,
    /// Fill nothing: play the routers of a regency that was made with the same --seed and --visits, until it is interrupted. For
    /// the demo: they speak, and visitors come and go.
    #[arg(long)]
    play: bool,
}

pub(super) async fn sample(args: &SampleArgs, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let order = SampleOrder { seed: args.seed, days: args.days, visits: args.visits };
    if args.play {
        return Ok(desk.office.play_sample(order).await?);
    }
    let mut told = |done: u32| {
        if done.is_multiple_of(30) {
            tracing::warn!(done, of = args.days, "days made");
        }
    };
    let made = desk.office.make_sample(order, &desk.who, &mut told).await?;
    let text = format!(
        "{} sites, {} people, {} visits, {} outages, {} vouchers, {} requests",
        made.sites, made.people, made.visits, made.outages, made.vouchers, made.requests
    );
    out.value(&made, &text)
}

//! Subcommands. The only file with `cfg(feature)`.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use gapura_runtime::{Believe, Clock, ClockShift, ClockStart, Exit, LogStyle, OffsetClock, SystemClock, start_log};

/// Gapura: a public free-Internet gateway and its controller.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What is logged: error, warn, info, debug or trace, also by room (info,gapura_kernel=debug).
    #[arg(long, global = true, default_value = "info", env = "GAPURA_LOG", value_name = "LEVEL")]
    log: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the gateway of a site.
    #[cfg(feature = "gateway")]
    #[command(after_help = "Example:\n  gapura gateway --config /etc/gapura/gateway.toml")]
    Gateway(GatewayArgs),
    /// Asks the gateway on this router.
    #[cfg(feature = "gateway")]
    Ctl(gapura_gateway::ctl::CtlArgs),
    /// Says what this machine can and cannot do, and what that means for visitors.
    #[cfg(feature = "gateway")]
    Doctor(gapura_gateway::doctor::DoctorArgs),
    /// Prepares this machine for the gateway.
    #[cfg(feature = "gateway")]
    Setup(gapura_gateway::doctor::SetupArgs),
    /// Runs the controller, or works on its data.
    #[cfg(feature = "controller")]
    Controller(Box<gapura_controller::commands::ControllerArgs>),
    /// Looks at the controller's audit log: who changed what, and whether it is whole.
    #[cfg(feature = "controller")]
    Audit(gapura_controller::commands::AuditArgs),
    /// Brings the controller's database up to date.
    #[cfg(feature = "controller")]
    #[command(after_help = "Example:\n  gapura migrate --config /etc/gapura/controller.toml")]
    Migrate(ConfigArg),
    /// Builds the index of filter lists, and looks into lists and indexes.
    Lists(crate::lists_cli::ListsArgs),
    /// Checks, compares and explains content-filter SOPs.
    Sop(Box<crate::sop::SopArgs>),
    /// Controller, gateway and visitors in network namespaces.
    #[cfg(feature = "lab")]
    Demo(gapura_lab::cli::DemoArgs),
    /// The same lab, left standing for other programs.
    #[cfg(feature = "lab")]
    Lab(gapura_lab::cli::LabArgs),
    /// Measures this machine and this build, each figure beside its peer or its limit.
    #[cfg(feature = "lab")]
    Bench(gapura_bench::BenchArgs),
}

#[derive(Debug, Args)]
#[cfg(feature = "controller")]
struct ConfigArg {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Debug, Args)]
#[cfg(feature = "gateway")]
struct GatewayArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Hides a kernel feature, as if this kernel lacked it (see `gapura doctor`); may stand several times.
    #[arg(long, value_name = "FEATURE")]
    without: Vec<String>,
    /// For tests: the daemon's clock is shifted, the machine's is not.
    #[arg(long, value_name = "SHIFT", hide = true)]
    clock_shift: Option<ClockShift>,
}

/// A failure and the exit code it ends with.
#[derive(Debug)]
pub(crate) struct Failure {
    source: Box<dyn Error + Send + Sync>,
    exit: Exit,
}

impl Failure {
    fn new(source: impl Into<Box<dyn Error + Send + Sync>>, exit: Exit) -> Self {
        Self { source: source.into(), exit }
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> Exit {
        self.exit
    }

    /// The failure itself.
    pub(crate) fn inner(&self) -> &(dyn Error + Send + Sync) {
        self.source.as_ref()
    }
}

fn failed(source: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
    Failure::new(source, Exit::Failed)
}

impl Cli {
    /// Does what was asked.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            #[cfg(feature = "gateway")]
            Command::Gateway(args) => gateway(&self.log, args),
            #[cfg(feature = "gateway")]
            Command::Ctl(args) => args.run(&mut std::io::stdout()).map_err(failed).map(|()| ExitCode::SUCCESS),
            #[cfg(feature = "gateway")]
            Command::Doctor(args) => {
                args.run(&columns_beside(), &mut std::io::stdout()).map_err(failed).map(|()| ExitCode::SUCCESS)
            }
            #[cfg(feature = "gateway")]
            Command::Setup(args) => args.run(&mut std::io::stdout()).map_err(failed).map(|()| ExitCode::SUCCESS),
            #[cfg(feature = "controller")]
            Command::Controller(args) => controller(&self.log, &args),
            #[cfg(feature = "controller")]
            Command::Audit(args) => controller(&self.log, &args.into()),
            #[cfg(feature = "controller")]
            Command::Migrate(args) => migrate(&self.log, &args),
            Command::Lists(args) => args.run(&mut std::io::stdout()).map_err(|error| {
                let exit = error.exit();
                Failure::new(error, exit)
            }),
            Command::Sop(args) => {
                let clock = SystemClock::start(ClockStart { floor: None, believe: Believe::Always });
                args.run(clock.now().wall, &mut std::io::stdout()).map_err(failed)
            }
            #[cfg(feature = "lab")]
            Command::Demo(args) => Ok(args.run()),
            #[cfg(feature = "lab")]
            Command::Lab(args) => Ok(args.run()),
            #[cfg(feature = "lab")]
            Command::Bench(args) => Ok(args.run()),
        }
    }
}

fn log(level: &str) -> Result<(), Failure> {
    start_log(level, LogStyle::of_stderr()).map_err(|error| Failure::new(error, Exit::Usage))
}

fn runtime(threads: usize) -> Result<tokio::runtime::Runtime, Failure> {
    let builder = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    builder.map_err(failed)
}

#[cfg(feature = "gateway")]
fn gateway(level: &str, args: GatewayArgs) -> Result<ExitCode, Failure> {
    log(level)?;
    let mut config = gapura_gateway::Config::load(&args.config).map_err(|error| Failure::new(error, Exit::Config))?;
    config.gateway.without.extend(args.without);
    let handed = gapura_runtime::HandOver::take().map_err(failed)?;
    if let Some(user) = &config.gateway.user {
        gapura_runtime::drop_privileges(user).map_err(failed)?;
    }
    let believe = if config.gateway.trust_clock { Believe::Always } else { Believe::Evidence };
    let floor = gapura_gateway::last_time_on_disk(&config);
    let mut clock: Arc<dyn Clock> = Arc::new(SystemClock::start(ClockStart { floor, believe }));
    if let Some(shift) = args.clock_shift {
        clock = Arc::new(OffsetClock::new(clock, shift));
    }
    runtime(2)?.block_on(gapura_gateway::run(config, clock, handed)).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(feature = "controller")]
fn controller_clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::start(ClockStart { floor: None, believe: Believe::Always }))
}

#[cfg(feature = "controller")]
fn controller(level: &str, args: &gapura_controller::commands::ControllerArgs) -> Result<ExitCode, Failure> {
    use gapura_controller::commands;
    if let Some(command) = &args.command {
        log(if level == "info" { "warn" } else { level })?;
        let done = runtime(1)?.block_on(commands::run(args, command, controller_clock(), &mut std::io::stdout()));
        return done.map(|()| ExitCode::SUCCESS).map_err(|error| {
            let exit = error.exit();
            Failure::new(error, exit)
        });
    }
    log(level)?;
    let config = gapura_controller::load_config(&args.config).map_err(|error| Failure::new(error, Exit::Config))?;
    runtime(2)?.block_on(serve(config)).map(|()| ExitCode::SUCCESS)
}

#[cfg(feature = "controller")]
async fn serve(config: gapura_controller::Config) -> Result<(), Failure> {
    use gapura_runtime::{Service, Signal, Signals, Tasks};
    const GRACE: std::time::Duration = std::time::Duration::from_secs(10);
    let mut signals = Signals::listen().map_err(failed)?;
    let tasks = Tasks::new();
    let serving = match gapura_controller::serve(&config, controller_clock(), &tasks).await {
        Ok(serving) => serving,
        Err(error) => {
            tasks.shutdown(GRACE, std::future::pending()).await;
            return Err(failed(error));
        }
    };
    let console = match &config.console {
        None => None,
        Some(settings) => match gapura_console::serve(settings, &serving.office, &tasks).await {
            Ok(console) => Some(console),
            Err(error) => {
                tasks.shutdown(GRACE, std::future::pending()).await;
                serving.office.store().close().await;
                return Err(failed(error));
            }
        },
    };
    Service.ready();
    let stopping = tasks.stopping().clone();
    let office = serving.office.clone();
    // The watchdog asks the database: a controller that cannot read it serves nobody.
    tasks.spawn("watchdog", async move {
        Service.feed_watchdog(stopping, || async { office.store().read().await.is_ok() }).await;
    });
    loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::Reload => {
                    Service.reloading();
                    // What goes wrong stands in the log; the catalogue before stays.
                    let _ = serving.office.reread_catalogue().await;
                    if let Some(console) = &console {
                        console.reload();
                    }
                    Service.ready();
                }
                Signal::Terminate | Signal::Interrupt => break,
            },
            () = tasks.stopping().cancelled() => break,
        }
    }
    Service.stopping();
    tasks
        .shutdown(GRACE, async {
            let _ = signals.stop().await;
        })
        .await;
    serving.office.store().close().await;
    tasks.broken().map_or(Ok(()), |name| Err(failed(format!("{name} ended by itself: the log says why"))))
}

#[cfg(feature = "controller")]
fn migrate(level: &str, args: &ConfigArg) -> Result<ExitCode, Failure> {
    log(level)?;
    let config = gapura_controller::load_config(&args.config).map_err(|error| Failure::new(error, Exit::Config))?;
    runtime(1)?.block_on(gapura_controller::migrate(&config)).map_err(failed)?;
    Ok(ExitCode::SUCCESS)
}

/// The controller's columns, where this program has one.
#[cfg(all(feature = "gateway", feature = "controller"))]
fn columns_beside() -> Vec<gapura_gateway::doctor::Column> {
    let column = |of: &gapura_controller::PrivacyColumn| gapura_gateway::doctor::Column {
        database: "controller",
        table: of.table,
        column: of.column,
        holds: of.holds,
        until: of.until,
    };
    gapura_controller::privacy_columns().iter().map(column).collect()
}

#[cfg(all(feature = "gateway", not(feature = "controller")))]
fn columns_beside() -> Vec<gapura_gateway::doctor::Column> {
    Vec::new()
}

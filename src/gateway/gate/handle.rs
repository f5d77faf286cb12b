//! How the async rooms speak to the gate's thread: bounded, with a deadline, never blocking.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use captive_portal::{Entered, Refused, View};
use gapura_kernel::{AddressFilter, FilterLoad};
use gapura_model::{AccountName, BootId, DeviceId, DeviceSort, MoveCode, PlanId};
use gapura_wire::{
    AccountGrant, BalanceReport, Bundle, Heartbeat, OnlineReport, Order, OrderOutcome, ShareAnswer, ShareReport,
    UsageAck, UsageBatch, VoucherTag,
};
use tokio::sync::{Notify, oneshot};

use crate::ctl;
use crate::network::Picture;

/// What the gate's thread is asked.
pub(crate) enum Command {
    /// How things stand for a device.
    View(DeviceId, oneshot::Sender<View>),
    /// Let a device in.
    Enter(Box<Entry>),
    /// The visitor logs out.
    Leave(DeviceId, oneshot::Sender<Result<(), Refused>>),
    /// The visitor extends.
    Extend(DeviceId, oneshot::Sender<Result<(), Refused>>),
    /// What is kept of an account on this router.
    Verifier(AccountName, oneshot::Sender<Option<gapura_ledger::Verifier>>),
    /// The controller accepted an account; `None` forgets it.
    KeepVerifier(AccountName, Option<Box<AccountGrant>>),
    /// A wrong password was tried.
    WrongPassword(DeviceId),
    /// How long a device has to wait before it may try a password.
    MayTry(DeviceId, oneshot::Sender<Option<Duration>>),
    /// Staff at this router ask for something.
    Ctl(ctl::Request, oneshot::Sender<ctl::Answer>),
    /// A new bundle.
    Policy(Box<Bundle>, oneshot::Sender<Result<(), String>>),
    /// The next batch for the controller.
    Outbox(oneshot::Sender<Option<UsageBatch>>),
    /// A batch arrived there.
    OutboxSent(u64, Box<UsageAck>),
    /// The controller cannot take the batch of this number.
    OutboxRefused(u64),
    /// How the gateway is.
    Heartbeat(oneshot::Sender<Heartbeat>),
    /// What is scraped.
    Figures(oneshot::Sender<super::Figures>),
    /// Balances for a box that may take this one's place.
    Balances(oneshot::Sender<Option<BalanceReport>>),
    /// Balances of the box this one replaces.
    RestoreBalances(Box<BalanceReport>, oneshot::Sender<bool>),
    /// Whether balances are to come from the controller, because the ledger with them was lost.
    LostBalances(oneshot::Sender<bool>),
    /// All of them have come.
    BalancesRestored,
    /// The controller wants back what can be spared of these vouchers.
    Recalled(Vec<VoucherTag>),
    /// What to tell the controller of shares.
    Shares(oneshot::Sender<Option<ShareReport>>),
    /// What the controller lends.
    Lent(Box<ShareAnswer>),
    /// Staff at the counter order something; whether it is on disk, once the kernel did what it could.
    Orders(Vec<Order>, oneshot::Sender<bool>),
    /// What became of orders and is not told, with the run of the kernel.
    Outcomes(oneshot::Sender<(BootId, Vec<OrderOutcome>)>),
    /// The controller has these.
    OutcomesTold(Vec<OrderOutcome>),
    /// Who is online: everything, or what changed; also if that is nothing.
    Online { full: bool, must: bool, reply: oneshot::Sender<Option<OnlineReport>> },
    /// What a device at the door seems to be.
    Looks(DeviceId, DeviceSort),
    /// Compare the content filter's rules about addresses with those in force.
    PrepareFilter(Box<AddressFilter>, oneshot::Sender<Result<Box<FilterLoad>, String>>),
    /// Put them in force, filled.
    FinishFilter(Box<FilterLoad>, oneshot::Sender<Result<Box<FilterLoad>, String>>),
    /// Slow down what these say; whether that differs from what was slowed before.
    Throttle(Box<gapura_kernel::Throttles>, oneshot::Sender<Result<bool, String>>),
    /// First packets of these policy groups are led to the inspector, and no others.
    Inspect(Vec<u8>),
    /// SOPs open other names, or these networks, before login.
    OpenBeforeLogin(Vec<gapura_kernel::Net>),
    /// Something happened in the kernel.
    Kernel(gapura_kernel::Event),
    /// Interfaces and addresses, as they are now.
    Network(Box<Picture>),
    /// Whether the Internet is there.
    Internet(bool),
    /// What staff should know of the addresses that are lent.
    Pool(Option<&'static str>),
    /// Whether an uplink's network overlaps a visitor network, in words.
    Clash(Option<String>),
    /// A visitor's address was seen where it does not belong.
    Theft(DeviceId),
    /// The router is in the fleet under this name.
    Joined(gapura_model::GatewayId),
    /// Write everything down and end; kernel state stays.
    Stop(oneshot::Sender<()>),
}

/// A device at the door, its code or password already read.
pub(crate) struct Entry {
    pub(crate) device: DeviceId,
    pub(crate) with: Credential,
    pub(crate) take_over: bool,
    pub(crate) reply: oneshot::Sender<Result<Entered, Refused>>,
}

/// What is shown at the door, checked as far as the async side can.
pub(crate) enum Credential {
    /// One tap on the terms in force.
    OneTap,
    /// A voucher, by the tag of its code.
    Voucher(VoucherTag),
    /// The one-time token of a voucher's QR code, by its tag.
    Token(VoucherTag),
    /// An account whose password was right.
    Account { name: AccountName, plan: PlanId },
    /// The last visit goes on.
    Again,
    /// A visit of another device that staff let move here.
    Moving(MoveCode),
}

/// How long the gate may take before an async caller gives up.
const PATIENCE: Duration = Duration::from_secs(15);

/// A way to the gate's thread; cheap to clone.
#[derive(Clone)]
pub(crate) struct Handle {
    commands: SyncSender<Command>,
    filled: Arc<Notify>,
    wanted: Arc<Notify>,
}

impl Handle {
    pub(crate) fn new(commands: SyncSender<Command>, filled: Arc<Notify>, wanted: Arc<Notify>) -> Self {
        Self { commands, filled, wanted }
    }

    /// Puts a command in the queue; false when it is full or the thread has ended.
    pub(crate) fn tell(&self, command: Command) -> bool {
        match self.commands.try_send(command) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                tracing::debug!("the gate's queue is full");
                false
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }

    /// Asks and waits; `None` when the gate is too busy or gone.
    pub(crate) async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        if !self.tell(question(reply)) {
            return None;
        }
        tokio::time::timeout(PATIENCE, answer).await.ok()?.ok()
    }

    /// Puts a bundle in force.
    ///
    /// # Errors
    /// Why not, in words for the operator.
    pub(crate) async fn policy(&self, bundle: Bundle) -> Result<(), String> {
        let busy = || Err("the gate is too busy to take a bundle; it will be offered again".to_owned());
        self.ask(|reply| Command::Policy(Box::new(bundle), reply)).await.unwrap_or_else(busy)
    }

    pub(crate) async fn outbox(&self) -> Option<UsageBatch> {
        self.ask(Command::Outbox).await?
    }

    /// Waits until something is worth sending at once.
    pub(crate) async fn outbox_filled(&self) {
        self.filled.notified().await;
    }

    pub(crate) fn outbox_sent(&self, seq: u64, ack: UsageAck) {
        // A lost word only means that the batch is sent again, and the controller writes it once.
        self.tell(Command::OutboxSent(seq, Box::new(ack)));
    }

    pub(crate) fn outbox_refused(&self, seq: u64) {
        self.tell(Command::OutboxRefused(seq));
    }

    pub(crate) async fn heartbeat(&self) -> Option<Heartbeat> {
        self.ask(Command::Heartbeat).await
    }

    /// What is scraped; `None` when the gate is too busy to say.
    pub(crate) async fn figures(&self) -> Option<super::Figures> {
        self.ask(Command::Figures).await
    }

    pub(crate) async fn balances(&self) -> Option<BalanceReport> {
        self.ask(Command::Balances).await?
    }

    pub(crate) async fn restore_balances(&self, report: BalanceReport) -> bool {
        self.ask(|reply| Command::RestoreBalances(Box::new(report), reply)).await.unwrap_or(false)
    }

    /// `None`: too busy to say.
    pub(crate) async fn lost_balances(&self) -> Option<bool> {
        self.ask(Command::LostBalances).await
    }

    pub(crate) async fn shares(&self) -> Option<ShareReport> {
        self.ask(Command::Shares).await?
    }

    /// Waits until a share runs low or something is wanted back.
    pub(crate) async fn shares_wanted(&self) {
        self.wanted.notified().await;
    }

    /// Asks as staff would.
    pub(crate) async fn ctl(&self, request: ctl::Request) -> ctl::Answer {
        let busy = || ctl::Answer::Failed("the gate is too busy; try again in some seconds".to_owned());
        self.ask(|reply| Command::Ctl(request, reply)).await.unwrap_or_else(busy)
    }
}

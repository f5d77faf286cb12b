//! What the portal needs to know of the helpdesk: where requests go, and what became of them.

use gapura_model::{Name, Reference};
use jiff::Timestamp;

use crate::{AppealState, Peer};

/// The helpdesk, as the portal sees it.
pub trait HelpDesk: Send + Sync + 'static {
    /// Keeps a request for the controller. Returns only once it is on disk; [`HelpDesk::followed`] knows it from then on. The
    /// portal has checked its limits and the form before, and told the visitor what goes along: no name, no address of a device.
    fn file_request(
        &self,
        peer: Peer,
        request: HelpRequest,
    ) -> impl Future<Output = Result<Reference, HelpRefused>> + Send;

    /// What became of a request or an appeal: one number, one page.
    fn followed(&self, reference: Reference) -> impl Future<Output = Followed> + Send;
}

/// What somebody asks for. Texts are cleaned as those of [`crate::Appeal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpRequest {
    /// What it is about.
    pub topic: HelpTopic,
    /// What happened: 1 to [`HELP_LETTERS`] letters.
    pub words: String,
    /// Where to answer, if the visitor wants to be told: at most [`crate::CONTACT_LETTERS`] letters.
    pub contact: Option<String>,
    /// The number of the visit the device is in.
    pub visit: Option<String>,
    /// The site it is about, where the visitor came from a page about one.
    pub about: Option<Name>,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelpTopic {
    /// No way onto the network.
    Connect,
    /// More time or more bytes.
    MoreTime,
    /// A site that does not open.
    Blocked,
    /// A complaint about the service.
    Complaint,
    /// Anything else.
    Other,
}

/// Letters (Unicode scalar values) in [`HelpRequest::words`].
pub const HELP_LETTERS: usize = 1000;

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelpRefused {
    /// Too many requests from this device, or from this site.
    Wait {
        /// How long, at least a second.
        wait: std::time::Duration,
    },
    /// The gate has too much to do: try again in some seconds.
    Busy,
    /// The gate cannot write to its disk.
    Storage,
    /// No device was found behind the address.
    UnknownDevice,
}

/// What is known of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// This appeal.
    Found(Box<AppealState>),
    /// This request for help.
    Help(Box<HelpState>),
    /// Nothing has this number.
    NotFound,
    /// It is not known here, and the controller does not answer now.
    Unavailable,
}

/// How far a request is. Neither words nor contact: whoever knows the number may read this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpState {
    /// What it is about.
    pub topic: HelpTopic,
    /// When it was filed.
    pub filed: Timestamp,
    /// How far it is.
    pub stage: HelpStage,
    /// It is answered by then, as long as an answer is owed.
    pub due: Option<Timestamp>,
    /// What was answered, the oldest first.
    pub answers: Vec<HelpAnswer>,
}

/// How far a request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpStage {
    /// Kept here, not yet with the controller.
    Waiting,
    /// With the controller; nobody has looked at it.
    Received,
    /// Somebody works on it.
    InWork,
    /// With another agency.
    Forwarded {
        /// Which.
        agency: String,
    },
    /// Answered.
    Answered,
    /// Over.
    Closed,
    /// The controller could not take it.
    Refused,
}

/// An answer, in the words of staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpAnswer {
    /// When.
    pub at: Timestamp,
    /// The agency that answered, where it is not the site's own staff.
    pub agency: Option<String>,
    /// The answer.
    pub words: String,
}

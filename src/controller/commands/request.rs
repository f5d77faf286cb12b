//! `request`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use gapura_model::{Reference, SiteId};
use gapura_store::{RequestRow, timestamp};
use gapura_wire::{Faq, HelpTopic};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::output::Output;
use super::{CommandError, Desk};
use crate::office::{
    At, ExportSpan, ExportState, Reach, RequestOrder, RequestView, RequestsAsked, Tab, Work, export_csv,
};

/// `gapura controller request ...`
#[derive(Clone, Debug, Subcommand)]
pub enum RequestCommand {
    /// List requests, the next to be answered first.
    #[command(after_help = "Example:\n  gapura controller request list --site galeri-sinjai --part overdue")]
    List {
        /// Only of this site.
        #[arg(long)]
        site: Option<SiteId>,
        /// Only what was forwarded to this agency.
        #[arg(long, conflicts_with = "site")]
        agency: Option<String>,
        /// Which part.
        #[arg(long, value_enum, default_value_t = Part::Waiting)]
        part: Part,
        /// Only those with this in number, visit, site asked about or words.
        #[arg(long, default_value = "")]
        search: String,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Show one request with its history.
    #[command(after_help = "Example:\n  gapura controller request show 7KQMA-4X2PB --contact")]
    Show {
        /// Its number.
        reference: Reference,
        /// Also the visitor's contact; that it was looked at is noted.
        #[arg(long)]
        contact: bool,
    },
    /// Write down a request of somebody at the counter or on the telephone.
    #[command(
        after_help = "Example:\n  gapura controller request add --site galeri-sinjai --topic complaint \"Toilet rusak.\""
    )]
    Add {
        /// At which site.
        #[arg(long)]
        site: SiteId,
        /// What it is about.
        #[arg(long, value_enum, default_value_t = Topic::Other)]
        topic: Topic,
        /// The person called.
        #[arg(long)]
        telephone: bool,
        /// How to reach the person.
        #[arg(long, default_value = "")]
        contact: String,
        /// The visit's short number.
        #[arg(long, default_value = "")]
        visit: String,
        /// The site asked about.
        #[arg(long, default_value = "")]
        about: String,
        /// The person's words.
        words: String,
    },
    /// Take a request.
    #[command(after_help = "Example:\n  gapura controller request take 7KQMA-4X2PB --by petugas.utara")]
    Take {
        /// Its number.
        reference: Reference,
    },
    /// Answer a request; the visitor reads it at the portal under the number.
    #[command(after_help = "Example:\n  gapura controller request answer 7KQMA-4X2PB \"Sudah kami perbaiki.\" --close")]
    Answer {
        /// Its number.
        reference: Reference,
        /// The answer.
        words: String,
        /// It is over with that.
        #[arg(long)]
        close: bool,
        /// In the name of the agency it was forwarded to.
        #[arg(long, value_name = "NAME")]
        agency: Option<String>,
    },
    /// Add a note for colleagues.
    #[command(after_help = "Example:\n  gapura controller request note 7KQMA-4X2PB \"Menunggu teknisi.\"")]
    Note {
        /// Its number.
        reference: Reference,
        /// The note.
        words: String,
    },
    /// Forward a request to the desk of an agency.
    #[command(after_help = "Example:\n  gapura controller request forward 7KQMA-4X2PB \"Dinas Pendidikan\"")]
    Forward {
        /// Its number.
        reference: Reference,
        /// The agency, by the name that sites have for it.
        agency: String,
        /// A word for that desk.
        #[arg(long, default_value = "")]
        words: String,
    },
    /// Take a request back from an agency.
    #[command(after_help = "Example:\n  gapura controller request return 7KQMA-4X2PB \"Bukan urusan dinas itu.\"")]
    Return {
        /// Its number.
        reference: Reference,
        /// Why.
        words: String,
    },
    /// Close a request.
    #[command(after_help = "Example:\n  gapura controller request close 7KQMA-4X2PB")]
    Close {
        /// Its number.
        reference: Reference,
        /// A word for colleagues.
        #[arg(long, default_value = "")]
        words: String,
    },
    /// Open a request again.
    #[command(after_help = "Example:\n  gapura controller request reopen 7KQMA-4X2PB \"Belum selesai.\"")]
    Reopen {
        /// Its number.
        reference: Reference,
        /// Why.
        words: String,
    },
    /// Print requests without contacts: CSV for a spreadsheet, or JSON with --json.
    #[command(
        after_help = "Example:\n  gapura controller request export --from 2026-11-01T00:00:00+08:00 > permintaan.csv"
    )]
    Export {
        /// Only of this site.
        #[arg(long)]
        site: Option<SiteId>,
        /// Received from then on.
        #[arg(long)]
        from: Option<Timestamp>,
        /// Received before.
        #[arg(long)]
        until: Option<Timestamp>,
    },
    /// Show how far the system is that is told what happens to requests (`[requests]` in the configuration).
    #[command(after_help = "Example:\n  gapura controller request told")]
    Told {
        /// Tell a receiver again that was stopped.
        #[arg(long, value_name = "ADDRESS")]
        resume: Option<String>,
    },
    /// Show or write the frequent questions of the department, or of a site.
    #[command(
        after_help = "Example:\n  gapura controller request faq --json > faq.json\n  gapura controller request faq --file faq.json"
    )]
    Faq {
        /// Of this site; none = of the department.
        #[arg(long)]
        site: Option<SiteId>,
        /// Write them: JSON, `[{"question": {"id": .., "en": ..}, "answer": {"id": .., "en": ..}}]`.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// A part of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Waiting for an answer.
    Waiting,
    /// The same, and overdue.
    Overdue,
    /// Taken by --by and still open.
    Mine,
    /// Answered or closed.
    Done,
    /// All.
    All,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Topic {
    /// No way onto the network.
    Connect,
    /// More time or bytes.
    MoreTime,
    /// A site that does not open.
    Blocked,
    /// A complaint about the service.
    Complaint,
    /// Anything else.
    Other,
}

impl From<Part> for Tab {
    fn from(part: Part) -> Self {
        match part {
            Part::Waiting => Self::Waiting,
            Part::Overdue => Self::Overdue,
            Part::Mine => Self::Mine,
            Part::Done => Self::Done,
            Part::All => Self::All,
        }
    }
}

impl From<Topic> for HelpTopic {
    fn from(topic: Topic) -> Self {
        match topic {
            Topic::Connect => Self::Connect,
            Topic::MoreTime => Self::MoreTime,
            Topic::Blocked => Self::Blocked,
            Topic::Complaint => Self::Complaint,
            Topic::Other => Self::Other,
        }
    }
}

pub(super) async fn request(command: &RequestCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    use RequestCommand as C;
    let text = |words: &str| words.to_owned();
    match command {
        C::List { site, agency, part, search, limit } => {
            let reach = agency.as_deref().map_or(Reach::ALL, Reach::desk);
            let asked = RequestsAsked {
                tab: (*part).into(),
                site: site.as_ref(),
                me: &desk.who.name,
                search,
                offset: 0,
                limit: *limit,
            };
            let list = desk.office.requests(&reach, &asked).await?;
            let header = ["reference", "due", "site", "state", "desk", "topic", "words"];
            let json: Vec<_> = list.rows.iter().map(described).collect();
            out.table(&json, header, &list.rows.iter().map(line).collect::<Vec<_>>())
        }
        C::Show { reference, contact } => show(reference, *contact, desk, out).await,
        C::Add { site, topic, telephone, contact, visit, about, words } => {
            let order = RequestOrder {
                site: site.clone(),
                by_telephone: *telephone,
                topic: (*topic).into(),
                words: text(words),
                contact: text(contact),
                visit: text(visit),
                about: text(about),
                form: None,
            };
            let (row, published) = desk.office.add_request(&order, &desk.who).await?;
            let said = format!("request {}, to be answered by {}", shown(&row), timestamp(row.due));
            out.value(&json!({ "request": described(&row), "published": published }), &said)
        }
        C::Take { reference } => work(reference, Work::Take, None, desk, out).await,
        C::Answer { reference, words, close, agency } => {
            let answer = Work::Answer { words: text(words), close: *close };
            work(reference, answer, agency.as_deref(), desk, out).await
        }
        C::Note { reference, words } => work(reference, Work::Note { words: text(words) }, None, desk, out).await,
        C::Forward { reference, agency, words } => {
            let forward = Work::Forward { agency: text(agency), words: text(words) };
            work(reference, forward, None, desk, out).await
        }
        C::Return { reference, words } => work(reference, Work::Return { words: text(words) }, None, desk, out).await,
        C::Close { reference, words } => work(reference, Work::Close { words: text(words) }, None, desk, out).await,
        C::Reopen { reference, words } => work(reference, Work::Reopen { words: text(words) }, None, desk, out).await,
        C::Export { site, from, until } => {
            let span = ExportSpan { from: *from, until: *until };
            let records = desk.office.export_requests(&Reach::ALL, site.as_ref(), &span, &desk.who).await?;
            out.value(&records, export_csv(&records).trim_end())
        }
        C::Told { resume } => {
            if let Some(receiver) = resume {
                desk.office.resume_export(receiver, &desk.who).await?;
            }
            let states = desk.office.request_exports().await?;
            let line = |state: &ExportState| {
                let standing = if state.stopped { "stopped" } else { "told" };
                let told = state.told.map_or_else(|| "never".to_owned(), |told| told.to_string());
                [state.receiver.clone(), state.event.to_string(), told, standing.to_owned(), state.trouble.clone()]
            };
            let header = ["receiver", "event", "last told", "state", "trouble"];
            out.table(&states, header, &states.iter().map(line).collect::<Vec<_>>())
        }
        C::Faq { site, file: None } => {
            let questions = desk.office.faq(site.as_ref()).await?;
            let lines: Vec<_> =
                questions.iter().map(|one| format!("{}\n  {}", one.question.id, one.answer.id)).collect();
            out.value(&questions, &lines.join("\n"))
        }
        C::Faq { site, file: Some(file) } => {
            let failed = |source| CommandError::Io { what: "read the file of questions", source };
            let text = std::fs::read_to_string(file).map_err(failed)?;
            let questions: Vec<Faq> = serde_json::from_str(&text)
                .map_err(|error| CommandError::Usage(format!("{}: {error}", file.display())))?;
            let published = desk.office.set_faq(site.as_ref(), &questions, &desk.who).await?;
            out.published(&published)
        }
    }
}

async fn work(
    reference: &Reference,
    work: Work,
    agency: Option<&str>,
    desk: &Desk,
    out: &mut Output<'_>,
) -> Result<(), CommandError> {
    let worked = desk.office.work_on(agency.map_or(At::Anywhere, At::Desk), reference, &work, &desk.who).await?;
    let said = format!("request {reference} is {}", worked.row.state);
    out.value(&json!({ "request": described(&worked.row), "published": worked.published }), &said)
}

async fn show(reference: &Reference, contact: bool, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let view = desk.office.request(At::Anywhere, reference).await?;
    let mut json = described(&view.row);
    if let Some(fields) = json.as_object_mut() {
        fields.extend(joined(&view));
        if contact {
            let contact = desk.office.request_contact(At::Anywhere, reference, &desk.who).await?;
            fields.insert("contact".to_owned(), json!(contact));
        }
    }
    let text = serde_json::to_string_pretty(&json).map_err(|error| CommandError::Broken(error.to_string()))?;
    out.value(&json, &text)
}

/// What belongs to a request: its history, visit, appeal.
fn joined(view: &RequestView) -> impl Iterator<Item = (String, Value)> {
    let steps: Vec<_> = view
        .steps
        .iter()
        .map(|step| {
            json!({
                "at": timestamp(step.at), "kind": step.kind, "by": step.actor, "agency": step.agency, "words": step.words,
            })
        })
        .collect();
    let visit = view.visit.as_ref().map(|visit| {
        json!({
            "plan": visit.plan, "started": timestamp(visit.started), "ended": visit.ended.map(timestamp),
            "cause": visit.cause,
        })
    });
    let clause = view.appeal.as_ref().and_then(|appeal| appeal.clause.clone());
    let sop = view.appeal.as_ref().and_then(|appeal| appeal.sop.clone());
    let fields = [
        ("site_name", json!(view.site_name)),
        ("has_contact", json!(view.has_contact)),
        ("steps", json!(steps)),
        ("visit_seen", json!(visit)),
        ("sop", json!(sop)),
        ("clause", json!(clause)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value))
}

/// The number as visitors know it.
fn shown(row: &RequestRow) -> String {
    row.reference.parse::<Reference>().map_or_else(|_| row.reference.clone(), |reference| reference.to_string())
}

fn line(row: &RequestRow) -> [String; 7] {
    [
        shown(row),
        timestamp(row.due).to_string(),
        row.site.clone(),
        row.state.clone(),
        if row.desk == "agency" { row.agency.clone() } else { row.desk.clone() },
        row.topic.clone(),
        row.words.lines().next().unwrap_or_default().chars().take(60).collect(),
    ]
}

fn described(row: &RequestRow) -> Value {
    let explanation: Value = serde_json::from_str(&row.explanation).unwrap_or_default();
    json!({
        "reference": shown(row), "site": row.site, "gateway": row.gateway, "origin": row.origin, "topic": row.topic,
        "about": row.about, "words": row.words, "visit": row.visit, "explanation": explanation, "state": row.state,
        "holder": row.holder, "desk": row.desk, "agency": row.agency, "level": row.level, "made": timestamp(row.made),
        "received": timestamp(row.received), "due": timestamp(row.due), "settled": row.settled.map(timestamp),
    })
}

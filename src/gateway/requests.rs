//! Requests for help that visitors wrote here: on disk before the visitor has the number, until the controller has them; after
//! that only the number, the topic and by when an answer is due. Answers come with the bundle.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use captive_portal::{Followed, HelpAnswer, HelpStage, HelpState};
use gapura_model::Reference;
use gapura_runtime::{AtomicWriteError, atomic_write};
use gapura_wire::{Bundle, HelpRequest, HelpRequestsAck, HelpTopic, RequestAnswer};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// Requests that may wait for the controller at once.
const WAITING: usize = 500;
/// Numbers remembered, waiting ones included.
const KEPT: usize = 2_000;
/// A number is remembered this long.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The box at this site.
pub(crate) struct Requests {
    path: PathBuf,
    kept: Mutex<BTreeMap<Reference, Kept>>,
    answers: RwLock<Arc<[RequestAnswer]>>,
    /// A request was filed.
    filed: Notify,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    topic: HelpTopic,
    filed: Timestamp,
    /// An answer is due by then, as the controller said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<Timestamp>,
    /// The whole of it, until the controller has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<HelpRequest>,
    /// The controller will never store it, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// Why a request was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotFiled {
    /// Too many wait for the controller.
    #[error("{WAITING} requests wait for the controller already")]
    Full,
    /// The disk refused.
    #[error("requests cannot be written down")]
    Disk(#[from] AtomicWriteError),
}

impl Requests {
    /// Goes on with what is kept in `directory`. A file that cannot be read is set aside.
    pub(crate) fn open(directory: &Path) -> Self {
        let path = directory.join("requests.json");
        let kept = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                tracing::error!(%error, "the file of requests cannot be read; it is set aside and a new one begun");
                let _ = std::fs::rename(&path, path.with_extension("json.damaged"));
                BTreeMap::new()
            }),
            Err(_) => BTreeMap::new(),
        };
        Self { path, kept: Mutex::new(kept), answers: RwLock::new([].into()), filed: Notify::new() }
    }

    /// A bundle is in force.
    pub(crate) fn take_bundle(&self, bundle: &Bundle) {
        *self.answers.write().unwrap_or_else(PoisonError::into_inner) = bundle.request_answers.clone().into();
    }

    /// Keeps a request; it is on disk when this returns.
    ///
    /// # Errors
    /// [`NotFiled`]; nothing is kept then.
    pub(crate) fn file(&self, request: HelpRequest) -> Result<(), NotFiled> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.values().filter(|kept| kept.request.is_some()).count() >= WAITING {
            return Err(NotFiled::Full);
        }
        let mut next = kept.clone();
        forget(&mut next, request.at);
        let (topic, filed) = (request.topic, request.at);
        next.insert(request.reference, Kept { topic, filed, due: None, request: Some(request), refused: None });
        write(&self.path, &next)?;
        *kept = next;
        drop(kept);
        self.filed.notify_one();
        Ok(())
    }

    /// Waits until a request is filed.
    pub(crate) async fn filed(&self) {
        self.filed.notified().await;
    }

    /// Requests the controller has not, oldest first, at most `most`.
    pub(crate) fn waiting(&self, most: usize) -> Vec<HelpRequest> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waiting: Vec<HelpRequest> = kept.values().filter_map(|kept| kept.request.clone()).collect();
        waiting.sort_by_key(|request| request.at);
        waiting.truncate(most);
        waiting
    }

    /// The controller has some of them.
    pub(crate) fn told(&self, ack: &HelpRequestsAck) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for stored in &ack.stored {
            if let Some(kept) = kept.get_mut(&stored.reference) {
                (kept.request, kept.due) = (None, stored.due);
            }
        }
        for refused in &ack.refused {
            tracing::warn!(why = refused.reason, "the controller will not take a request for help");
            if let Some(kept) = kept.get_mut(&refused.reference) {
                (kept.request, kept.refused) = (None, Some(refused.reason.clone()));
            }
        }
        if let Err(error) = write(&self.path, &kept) {
            // Sent again after a restart: the controller counts it once.
            tracing::warn!(error = %gapura_model::with_causes(&error), "the state of requests could not be written down");
        }
    }

    /// How far a request is, by what is kept here and the bundle in force.
    pub(crate) fn state(&self, reference: Reference) -> Followed {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&reference).cloned();
        let answers = Arc::clone(&self.answers.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(answer) = answers.iter().find(|answer| answer.reference == reference) {
            return Followed::Help(Box::new(told(answer)));
        }
        let Some(kept) = kept else { return Followed::NotFound };
        let stage = match (&kept.request, &kept.refused) {
            (Some(_), _) => HelpStage::Waiting,
            (None, Some(_)) => HelpStage::Refused,
            (None, None) => HelpStage::Received,
        };
        let state =
            HelpState { topic: shown(kept.topic), filed: kept.filed, stage, due: kept.due, answers: Vec::new() };
        Followed::Help(Box::new(state))
    }
}

/// What the controller says of a request.
fn told(answer: &RequestAnswer) -> HelpState {
    use gapura_wire::HelpState as Told;
    HelpState {
        topic: shown(answer.topic),
        filed: answer.filed,
        stage: match answer.state {
            Told::Received => HelpStage::Received,
            Told::InWork => HelpStage::InWork,
            Told::Forwarded => HelpStage::Forwarded { agency: answer.agency.clone().unwrap_or_default() },
            Told::Answered => HelpStage::Answered,
            Told::Closed => HelpStage::Closed,
        },
        due: answer.due,
        answers: answer
            .answers
            .iter()
            .map(|one| HelpAnswer { at: one.at, agency: one.agency.clone(), words: one.words.clone() })
            .collect(),
    }
}

const fn shown(topic: HelpTopic) -> captive_portal::HelpTopic {
    use captive_portal::HelpTopic as Shown;
    match topic {
        HelpTopic::Connect => Shown::Connect,
        HelpTopic::MoreTime => Shown::MoreTime,
        HelpTopic::Blocked => Shown::Blocked,
        HelpTopic::Complaint => Shown::Complaint,
        HelpTopic::Other => Shown::Other,
    }
}

/// A topic of the portal as it is sent.
pub(crate) const fn sent(topic: captive_portal::HelpTopic) -> HelpTopic {
    use captive_portal::HelpTopic as Shown;
    match topic {
        Shown::Connect => HelpTopic::Connect,
        Shown::MoreTime => HelpTopic::MoreTime,
        Shown::Blocked => HelpTopic::Blocked,
        Shown::Complaint => HelpTopic::Complaint,
        Shown::Other => HelpTopic::Other,
    }
}

/// Drops numbers that are old, then the oldest that nobody waits for.
fn forget(kept: &mut BTreeMap<Reference, Kept>, now: Timestamp) {
    kept.retain(|_, kept| kept.request.is_some() || kept.filed.duration_until(now) <= REMEMBERED);
    while kept.len() >= KEPT {
        let settled = kept.iter().filter(|(_, kept)| kept.request.is_none());
        let Some(oldest) = settled.min_by_key(|(_, kept)| kept.filed).map(|(reference, _)| *reference) else { return };
        kept.remove(&oldest);
    }
}

fn write(path: &Path, kept: &BTreeMap<Reference, Kept>) -> Result<(), AtomicWriteError> {
    atomic_write(path, &serde_json::to_vec(kept).unwrap_or_default(), 0o600)
}

#[cfg(test)]
mod tests {
    use gapura_wire::{RefusedRequest, StoredRequest};

    use super::*;

    fn reference(number: u16) -> Reference {
        let [high, low] = number.to_be_bytes();
        Reference::from_random(&[[high % 31, low % 31], [high / 31, low / 31]].concat().repeat(5)).unwrap()
    }

    fn request(number: u16, second: i64) -> HelpRequest {
        HelpRequest {
            reference: reference(number),
            topic: HelpTopic::Connect,
            words: "Tidak bisa masuk.".to_owned(),
            contact: None,
            visit: None,
            about: None,
            explanation: None,
            at: Timestamp::from_second(1_795_000_000 + second).unwrap(),
        }
    }

    fn stage(requests: &Requests, number: u16) -> Option<HelpStage> {
        match requests.state(reference(number)) {
            Followed::Help(state) => Some(state.stage),
            Followed::NotFound => None,
            other @ (Followed::Found(_) | Followed::Unavailable) => panic!("{other:?}"),
        }
    }

    /// A directory of its own, removed at the end.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("gapura-requests-{}-{name}", std::process::id()));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_request_survives_a_restart_until_the_controller_has_it() {
        let directory = Directory::new("restart");
        let requests = Requests::open(&directory.0);
        for number in [2, 1, 3] {
            requests.file(request(number, number.into())).unwrap();
        }
        let requests = Requests::open(&directory.0);
        let order: Vec<_> = requests.waiting(2).iter().map(|request| request.reference).collect();
        assert_eq!(order, [reference(1), reference(2)], "the oldest first");
        assert_eq!(stage(&requests, 1), Some(HelpStage::Waiting));
        let due = Some(Timestamp::from_second(1_795_100_000).unwrap());
        requests.told(&HelpRequestsAck {
            stored: vec![StoredRequest { reference: reference(1), due }],
            refused: vec![RefusedRequest { reference: reference(2), reason: "empty".to_owned() }],
            retry_seconds: None,
        });
        let requests = Requests::open(&directory.0);
        assert_eq!(requests.waiting(9).len(), 1);
        let Followed::Help(state) = requests.state(reference(1)) else { panic!() };
        assert_eq!((state.stage, state.due), (HelpStage::Received, due));
        assert_eq!(stage(&requests, 2), Some(HelpStage::Refused));
        assert_eq!(stage(&requests, 9), None);
        let text = std::fs::read_to_string(directory.0.join("requests.json")).unwrap();
        assert_eq!(text.matches("Tidak bisa masuk.").count(), 1, "what is sent is not kept: {text}");

        // What the bundle says wins, also of a number that was given elsewhere.
        let mut bundle: Bundle = serde_json::from_str(include_str!("../wire/golden/bundle-requests.json")).unwrap();
        bundle.request_answers[0].reference = reference(9);
        requests.take_bundle(&bundle);
        let Followed::Help(state) = requests.state(reference(9)) else { panic!() };
        assert_eq!(state.stage, HelpStage::Forwarded { agency: "Dinas Pendidikan".to_owned() });
        assert_eq!(state.answers.len(), 2);
    }

    #[test]
    fn so_many_wait_and_so_many_numbers_are_remembered() {
        let directory = Directory::new("many");
        let waits = |number: u16| {
            let request = request(number, number.into());
            let (topic, filed) = (request.topic, request.at);
            (request.reference, Kept { topic, filed, due: None, request: Some(request), refused: None })
        };
        write(&directory.0.join("requests.json"), &(0..499).map(waits).collect()).unwrap();
        let requests = Requests::open(&directory.0);
        requests.file(request(499, 499)).unwrap();
        assert!(matches!(requests.file(request(500, 500)), Err(NotFiled::Full)));
        let stored = requests.waiting(500).into_iter().map(|it| StoredRequest { reference: it.reference, due: None });
        requests.told(&HelpRequestsAck { stored: stored.collect(), ..HelpRequestsAck::default() });
        // After 90 days a number is forgotten.
        requests.file(request(501, 90 * 86_400 + 10)).unwrap();
        assert_eq!((stage(&requests, 9), stage(&requests, 10)), (None, Some(HelpStage::Received)));
        std::fs::write(directory.0.join("requests.json"), "{").unwrap();
        assert!(Requests::open(&directory.0).waiting(9).is_empty());
        assert!(directory.0.join("requests.json.damaged").exists());
    }
}

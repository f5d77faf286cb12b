//! Requests for help, their answers, frequent questions.

use super::*;

fn reference() -> Reference {
    "PB-7KQM-4X2P".parse().unwrap()
}

fn request() -> HelpRequest {
    HelpRequest {
        reference: reference(),
        topic: HelpTopic::Blocked,
        words: "Situs sekolah kami tidak terbuka.\nTolong diperiksa.".to_owned(),
        contact: Some("0812-0000-0000".parse().unwrap()),
        visit: Some("4K7M-29QD".to_owned()),
        about: Some("sekolah.example.sch.id".to_owned()),
        explanation: Some("{\"verdict\":\"open\"}".to_owned()),
        at: at(30),
    }
}

fn answer() -> RequestAnswer {
    RequestAnswer {
        reference: reference(),
        topic: HelpTopic::Complaint,
        filed: at(30),
        state: HelpState::Forwarded,
        agency: Some("Dinas Pendidikan".to_owned()),
        due: Some(at(86_400)),
        answers: vec![
            AnswerWords { at: at(60), agency: None, words: "Kami periksa dahulu.".to_owned() },
            AnswerWords {
                at: at(90),
                agency: Some("Dinas Pendidikan".to_owned()),
                words: "Situs sekolah pindah alamat.".to_owned(),
            },
        ],
    }
}

fn faq() -> Faq {
    let text = |id: &str, en: &str| Text { id: id.to_owned(), en: en.to_owned() };
    Faq {
        question: text("Di mana mencetak?", "Where can I print?"),
        answer: text("Di loket, sampai pukul 21.00.", "At the counter, until 9 pm."),
    }
}

fn told() -> Bundle {
    Bundle { request_answers: vec![answer()], faq: vec![faq()], ..bundle() }
}

#[test]
fn every_message_about_requests_stands_as_it_stood() {
    golden("bundle-requests", &told());
    golden("requests", &HelpRequests { requests: vec![request()] });
    let ack = HelpRequestsAck {
        stored: vec![StoredRequest { reference: reference(), due: Some(at(86_400)) }],
        refused: vec![RefusedRequest { reference: reference(), reason: "the words are empty".to_owned() }],
        retry_seconds: Some(3600),
    };
    golden("requests-ack", &ack);
}

#[test]
fn requests_disturb_neither_a_router_nor_a_controller_of_before() {
    let mut text = serde_json::to_value(told()).unwrap();
    for key in ["request_answers", "faq"] {
        text.as_object_mut().unwrap().remove(key).unwrap();
    }
    assert_eq!(text, serde_json::to_value(bundle()).unwrap());
    // Topics and states of a later version.
    let mut later = serde_json::to_value(answer()).unwrap();
    (later["topic"], later["state"]) = (json!("weather"), json!("lost"));
    let read: RequestAnswer = serde_json::from_value(later).unwrap();
    assert_eq!((read.topic, read.state), (HelpTopic::Other, HelpState::Received));
}

#[test]
fn names_of_topics_and_states_are_those_on_the_wire() {
    for topic in HelpTopic::ALL {
        assert_eq!(serde_json::to_value(topic).unwrap(), topic.as_str());
        assert_eq!(HelpTopic::named(topic.as_str()), Some(topic));
    }
    for state in HelpState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        assert_eq!(HelpState::named(state.as_str()), Some(state));
    }
}

#[test]
fn a_request_has_limits() {
    type Wrong = (&'static str, fn(&mut HelpRequest));
    assert_eq!(request().problem(), None);
    assert_eq!(HelpRequest { contact: None, visit: None, about: None, explanation: None, ..request() }.problem(), None);
    let wrong: &[Wrong] = &[
        ("words", |request| request.words = " \n".to_owned()),
        ("words", |request| request.words = "a".repeat(limits::WORDS_CHARS + 1)),
        ("words", |request| request.words.push('\u{7}')),
        ("number", |request| request.visit = Some("4K7M-29QO".to_owned())),
        ("number", |request| request.visit = Some("4K7M29QDA".to_owned())),
        ("site", |request| request.about = Some(String::new())),
        ("site", |request| request.about = Some("a\nb".to_owned())),
        ("site", |request| request.about = Some("a".repeat(limits::SUBJECT_CHARS + 1))),
        ("too long", |request| request.explanation = Some(format!("\"{}\"", "a".repeat(limits::EXPLANATION_BYTES)))),
        ("not JSON", |request| request.explanation = Some("{".to_owned())),
    ];
    for (words, change) in wrong {
        let mut request = request();
        change(&mut request);
        assert!(request.problem().unwrap().contains(words), "{words}: {:?}", request.problem());
    }
}

#[test]
fn a_bundle_tells_so_much_and_no_more() {
    type Wrong = (&'static str, fn(&mut Bundle));
    assert_eq!(told().check(), Ok(()));
    let wrong: &[Wrong] = &[
        ("more than", |bundle| bundle.request_answers = vec![answer(); limits::REQUEST_ANSWERS + 1]),
        ("more than", |bundle| bundle.faq = vec![faq(); limits::FAQ + 1]),
        ("too many answers", |bundle| {
            bundle.request_answers[0].answers = vec![answer().answers[0].clone(); limits::ANSWERS + 1];
        }),
        ("too long", |bundle| bundle.request_answers[0].answers[0].words = "a".repeat(limits::WORDS_CHARS + 1)),
        ("too long", |bundle| bundle.faq[0].question.en = "a".repeat(limits::QUESTION_CHARS + 1)),
        ("too long", |bundle| bundle.faq[0].answer.id = "a".repeat(limits::WORDS_CHARS + 1)),
    ];
    for (words, change) in wrong {
        let mut bundle = told();
        change(&mut bundle);
        let said = bundle.check().unwrap_err();
        assert!(said.contains(words), "{said}");
    }
}

/// Reads `text` as every message about requests; whatever happens, it must not panic.
pub(super) fn read_as_everything(text: &[u8]) {
    let _ = serde_json::from_slice::<HelpRequests>(text)
        .map(|asked| asked.requests.iter().filter_map(HelpRequest::problem).count());
    let _ = serde_json::from_slice::<HelpRequestsAck>(text);
}

proptest! {
    #[test]
    fn a_damaged_message_about_requests_is_an_error_or_a_message(place in 0_usize..4000, byte in any::<u8>()) {
        let messages =
            [serde_json::to_vec(&told()), serde_json::to_vec(&HelpRequests { requests: vec![request()] })];
        for mut message in messages.map(Result::unwrap) {
            let place = place % message.len();
            message[place] = byte;
            super::read_as_everything(&message);
        }
    }
}

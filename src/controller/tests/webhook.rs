//! The system that is told what happens to requests: a real server that fails in every way.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use gapura_model::Reference;
use gapura_runtime::Tasks;
use gapura_wire::{HelpRequest, HelpRequests, HelpRequestsAck, HelpTopic};
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::client::Router;
use super::world::{World, on_both};
use crate::config::Requests;
use crate::office::Pushed;
use crate::webhook::{OCTETS, Webhook};

/// Heads and bodies as they came.
type Came = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Answers each request with the next status of its script (200 when there is none left), and keeps what came.
struct Receiver {
    settings: Requests,
    script: Arc<Mutex<VecDeque<&'static str>>>,
    came: Came,
    tasks: Tasks,
}

/// What a server says when it breaks off without an answer.
const BREAKS_OFF: &str = "";

impl Receiver {
    async fn start(world: &World, listen: &str) -> Self {
        let listener = TcpListener::bind(listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![address.ip().to_string()]).unwrap().self_signed(&key).unwrap();
        let trust = PathBuf::from(world.file("receiver.pem", &certificate.pem()));
        let secret = PathBuf::from(world.file("receiver.secret", "rahasia-provinsi\n"));
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (script, came, tasks) = (Arc::<Mutex<VecDeque<&str>>>::default(), Came::default(), Tasks::new());
        let (answers, kept) = (script.clone(), came.clone());
        tasks.spawn("receiver of requests", async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let Ok(mut tls) = acceptor.accept(tcp).await else { continue };
                let (mut octets, mut buffer) = (Vec::new(), [0; 4096]);
                let (head, body) = loop {
                    if let Some(end) = octets.windows(4).position(|four| four == b"\r\n\r\n") {
                        let head = String::from_utf8_lossy(&octets[..end]).to_lowercase();
                        let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse();
                        let length: usize = length.unwrap();
                        if octets.len() >= end + 4 + length {
                            break (head, octets[end + 4..].to_vec());
                        }
                    }
                    match tls.read(&mut buffer).await {
                        Ok(read @ 1..) => octets.extend(&buffer[..read]),
                        Ok(_) | Err(_) => break (String::new(), Vec::new()),
                    }
                };
                kept.lock().unwrap().push((head, body));
                let status = answers.lock().unwrap().pop_front().unwrap_or("200 OK");
                if status != BREAKS_OFF {
                    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                    let _ = tls.write_all(answer.as_bytes()).await;
                }
                let _ = tls.shutdown().await;
            }
        });
        let settings = Requests { webhook: format!("https://{address}/aduan?dari=sinjai"), secret, trust };
        Self { settings, script, came, tasks }
    }

    fn hook(&self, world: &World) -> Webhook {
        Webhook::open(&self.settings, world.clock.clone()).unwrap()
    }

    fn will_answer(&self, script: &[&'static str]) {
        self.script.lock().unwrap().extend(script);
    }

    /// Numbers of the events in each batch that came since the last look.
    fn batches(&self) -> Vec<Vec<i64>> {
        let came = std::mem::take(&mut *self.came.lock().unwrap());
        let numbers = |(head, body): &(String, Vec<u8>)| {
            assert!(head.starts_with("post /aduan?dari=sinjai http/1.1\r\n"), "{head}");
            assert!(head.contains("authorization: bearer rahasia-provinsi"), "{head}");
            assert!(head.contains("content-type: application/json") && body.len() < OCTETS, "{head}");
            let events: Vec<Value> = serde_json::from_slice(body).unwrap();
            events.iter().map(|event| event["event"].as_i64().unwrap()).collect()
        };
        came.iter().map(numbers).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

fn reference(number: u16) -> Reference {
    let [high, low] = [number / 31, number % 31].map(|octet| u8::try_from(octet).unwrap());
    Reference::from_random(&[high, low].repeat(8)).unwrap()
}

async fn send(router: &Router, numbers: std::ops::Range<u16>) {
    for part in numbers.collect::<Vec<_>>().chunks(20) {
        let request = |number: &u16| HelpRequest {
            reference: reference(*number),
            topic: HelpTopic::Complaint,
            // Two octets each in UTF-8: as large as an event can be.
            words: "\u{e9}".repeat(2000),
            contact: Some("0812-0000-0000".parse().unwrap()),
            visit: None,
            about: None,
            explanation: None,
            at: "2026-11-21T07:59:00Z".parse().unwrap(),
        };
        let asked = HelpRequests { requests: part.iter().map(request).collect() };
        let ack: HelpRequestsAck = router.post("/v1/requests", &asked).await.unwrap();
        assert_eq!(ack.stored.len(), part.len(), "{ack:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_sent_until_the_receiver_has_them_and_never_past_a_refusal() {
    on_both("webhook", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        for listen in ["127.0.0.1:0", "[::1]:0"] {
            let receiver = Receiver::start(&world, listen).await;
            let (office, hook) = (&world.serving.office, receiver.hook(&world));
            let push = async || office.push_requests(&hook).await.unwrap();
            let state = async || {
                let states = world.cli(&["request", "told"]).await;
                states.as_array().unwrap().iter().find(|state| state["receiver"] == hook.receiver().as_str()).cloned()
            };
            if listen.starts_with("127") {
                assert_eq!((push().await, receiver.batches().len()), (Pushed::All, 0), "nothing to tell");
                send(&router, 0..3).await;
            }
            // Every way to fail that may pass: the same events again.
            receiver.will_answer(&["503 Busy", "429 Slow Down", "500 Oops", BREAKS_OFF]);
            for _ in 0..4 {
                assert_eq!(push().await, Pushed::Later);
            }
            let first = receiver.batches();
            assert!(
                first.len() == 4 && first.iter().all(|batch| *batch == first[0]) && first[0].starts_with(&[1, 2, 3])
            );
            assert_eq!(state().await.unwrap()["event"], 0);
            assert_eq!(push().await, Pushed::More);
            assert_eq!((receiver.batches(), push().await), (vec![first[0].clone()], Pushed::All));
            let last = *first[0].last().unwrap();
            let told = state().await.unwrap();
            assert_eq!((&told["event"], &told["trouble"], &told["stopped"]), (&last.into(), &"".into(), &false.into()));

            // A refusal stops it, also for a new process, until staff have looked.
            let number = world.cli(&["request", "list"]).await[0]["reference"].as_str().unwrap().to_owned();
            world.cli(&["request", "note", &number, "Rahasia di antara petugas."]).await;
            receiver.will_answer(&["401 Unauthorized"]);
            assert_eq!((push().await, push().await), (Pushed::Stopped, Pushed::Stopped));
            assert_eq!(receiver.hook(&world).receiver(), hook.receiver());
            assert_eq!(receiver.batches(), [[last + 1]], "sent once");
            let stopped = state().await.unwrap();
            assert!(stopped["stopped"] == true && stopped["trouble"].as_str().unwrap().contains("401"), "{stopped}");
            world.cli(&["request", "told", "--resume", &hook.receiver()]).await;
            assert!(world.try_cli(&["request", "told", "--resume", &hook.receiver()]).await.is_err());
            assert_eq!(push().await, Pushed::More);
            let body = String::from_utf8(receiver.came.lock().unwrap().last().unwrap().1.clone()).unwrap();
            assert!(!body.contains("Rahasia di antara") && !body.contains("0812"), "{body}");
            assert_eq!(receiver.batches(), [[last + 1]]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_bounded_and_a_stranger_is_told_nothing() {
    on_both("webhook-large", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        send(&router, 0..180).await;
        let receiver = Receiver::start(&world, "127.0.0.1:0").await;
        let hook = receiver.hook(&world);
        let mut rounds = 0;
        while world.serving.office.push_requests(&hook).await.unwrap() == Pushed::More {
            rounds += 1;
            assert!(rounds < 100, "it comes to an end");
        }
        let batches = receiver.batches();
        assert!(batches.len() > 1, "more than fits into one: {batches:?}");
        assert_eq!(batches.concat(), (1..=180).collect::<Vec<i64>>(), "each once, in order");

        // Another server under the same address: its certificate is not the one that is trusted.
        let other = Receiver::start(&world, "127.0.0.1:0").await;
        let wrong = Requests {
            webhook: other.settings.webhook.clone(),
            trust: receiver.settings.trust.clone(),
            ..other.settings.clone()
        };
        std::fs::write(world.directory().join("receiver.pem"), rcgen_of_nobody()).unwrap();
        let hook = Webhook::open(&wrong, world.clock.clone()).unwrap();
        assert_eq!(world.serving.office.push_requests(&hook).await.unwrap(), Pushed::Later);
        assert!(other.batches().is_empty());
        let bad = |change: &dyn Fn(&mut Requests)| {
            let mut settings = other.settings.clone();
            change(&mut settings);
            Webhook::open(&settings, world.clock.clone()).err().map(|error| error.to_string()).unwrap()
        };
        assert!(bad(&|it| it.webhook = "http://x".to_owned()).contains("not an https address"));
        assert!(bad(&|it| it.secret = world.directory().join("none")).contains("cannot read"));
        let empty = PathBuf::from(world.file("empty.secret", " \n"));
        assert!(bad(&|it| it.secret.clone_from(&empty)).contains("holds no secret"));
    })
    .await;
}

/// A certificate of somebody else.
fn rcgen_of_nobody() -> String {
    let key = KeyPair::generate().unwrap();
    CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap().pem()
}

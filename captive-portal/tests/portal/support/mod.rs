//! A portal on loopback over a small but honest gate in memory, and a client that sends exactly the bytes it is given.

mod client;
mod world;

pub(crate) use client::{Client, Reply, read_all};
pub(crate) use world::{GOOD, TOKEN, World, look, reference, request_number};

use std::net::SocketAddr;
use std::sync::Arc;

use captive_portal::{Certificate, Limits, Listeners, Origin, Portal, Settings, bind};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// A running portal; stops when dropped.
pub(crate) struct House {
    pub(crate) world: Arc<World>,
    pub(crate) portal: Portal<World>,
    /// Plain HTTP on 127.0.0.1.
    pub(crate) v4: SocketAddr,
    /// Plain HTTP on ::1.
    pub(crate) v6: SocketAddr,
    /// HTTPS on 127.0.0.1, if there is a certificate.
    pub(crate) tls: Option<SocketAddr>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    _guard: DropGuard,
}

/// Changes to a house before it opens.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) limits: Limits,
    pub(crate) passwords_over_http: bool,
    pub(crate) certificate: Option<Arc<Certificate>>,
}

/// The portal's name where it has a certificate.
pub(crate) const NAME: &str = "gw-galeri.example.go.id";

pub(crate) fn open(plan: Plan) -> House {
    let Plan { limits, passwords_over_http, certificate } = plan;
    let listen = |text: &str| bind(text.parse().unwrap(), &limits).unwrap();
    let (v4, v6) = (listen("127.0.0.1:0"), listen("[::1]:0"));
    let tls = certificate.is_some().then(|| listen("127.0.0.1:0"));
    let origin = match &certificate {
        Some(_) => Origin::Tls { name: NAME.to_owned(), port: 443 },
        None => Origin::Http { names: vec!["internet.example.go.id".to_owned()], port: 80, fallback: None },
    };
    let world = Arc::new(World::new());
    let portal = Portal::new(Arc::clone(&world), look(), Settings { origin, passwords_over_http, limits }).unwrap();
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let house = House {
        world,
        portal: portal.clone(),
        v4: v4.local_addr().unwrap(),
        v6: v6.local_addr().unwrap(),
        tls: tls.as_ref().map(|socket| socket.local_addr().unwrap()),
        tasks: tasks.clone(),
        stop: stop.clone(),
        _guard: stop.clone().drop_guard(),
    };
    let listeners = Listeners { plain: vec![v4, v6], tls: tls.into_iter().collect(), certificate };
    tasks.spawn(async move { portal.serve(listeners, stop).await.unwrap() });
    house
}

impl House {
    /// A visitor's device on IPv4: any address of 127.0.0.0/8.
    pub(crate) fn device(&self, last: u8) -> Client {
        Client::new(self.v4, format!("127.0.0.{last}").parse().unwrap())
    }

    /// The one device on IPv6.
    pub(crate) fn device6(&self) -> Client {
        Client::new(self.v6, "::1".parse().unwrap())
    }

    /// Waits until `true`, at most five seconds.
    pub(crate) async fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        for _ in 0..500 {
            if is_so() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("not within five seconds: {what}");
    }
}

//! HTTP by hand.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// A device with an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) portal: SocketAddr,
    pub(crate) source: IpAddr,
}

/// An answer, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Where a 303 leads.
    #[track_caller]
    pub(crate) fn leads(&self) -> &str {
        assert_eq!(self.status, 303, "{}", String::from_utf8_lossy(&self.body));
        self.header("location")
    }

    /// A page that holds `text`, whatever kind of space stands in it.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        let body = self.text().split("</style>").last().unwrap().replace('\u{a0}', " ");
        assert!(
            body.contains(&text.replace('\u{a0}', " ")),
            "\"{text}\" is not in the page ({}):\n{body}",
            self.status
        );
        self
    }

    /// The value of a hidden field.
    #[track_caller]
    pub(crate) fn hidden(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        self.text()
            .split(&mark)
            .nth(1)
            .unwrap_or_else(|| panic!("no field {name}"))
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
        let headers: Vec<_> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(key, value)| (key.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Some(Self { status, headers, body: bytes[end + 4..].to_vec() })
    }
}

impl Client {
    pub(crate) fn new(portal: SocketAddr, source: IpAddr) -> Self {
        Self { portal, source }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        let socket = if self.source.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.unwrap();
        socket.bind(SocketAddr::new(self.source, 0)).unwrap();
        socket.connect(self.portal).await.unwrap()
    }

    /// The portal's own name by address, as browsers write it in `Host`.
    pub(crate) fn host(&self) -> String {
        match self.portal.ip() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        }
    }

    /// Sends bytes as they are and reads until the portal closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Reply {
        let mut stream = self.connect().await;
        // The portal may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        read_all(&mut stream).await
    }

    pub(crate) async fn get_from(&self, host: &str, path: &str, more: &str) -> Reply {
        self.raw(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n").as_bytes()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.get_from(&self.host(), path, "").await
    }

    pub(crate) async fn post_with(&self, path: &str, form: &str, more: &str) -> Reply {
        let host = self.host();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n{more}\r\n{form}",
            form.len()
        );
        self.raw(head.as_bytes()).await
    }

    /// As browsers do it: the origin is withheld (our referrer policy), the site is told.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Reply {
        self.post_with(path, form, "Origin: null\r\nSec-Fetch-Site: same-origin\r\n").await
    }

    /// Opens the first page, takes its token and taps the button.
    pub(crate) async fn tap(&self) -> Reply {
        let page = self.get("/").await;
        self.post("/masuk", &format!("t={}&syarat={}", page.hidden("t"), page.hidden("syarat"))).await
    }

    /// Types a code into the voucher form.
    pub(crate) async fn voucher(&self, code: &str) -> Reply {
        let page = self.get("/voucer").await;
        self.post("/voucer", &format!("t={}&kode={code}", page.hidden("t"))).await
    }
}

pub(crate) async fn read_all(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Reply {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    let _ = tokio::time::timeout(Duration::from_secs(15), reading).await.expect("the portal kept the connection open");
    Reply::parse(&bytes).unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)))
}

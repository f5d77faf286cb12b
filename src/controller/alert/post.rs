//! How messages get to people: e-mail over SMTP, and a webhook.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gapura_runtime::Clock;
use gapura_wire::Sha256;
use http::{HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message as Mail, Tokio1Executor};
use ring::hmac;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::bulletin::Message;
use crate::config::{self, MailSecurity};
use crate::tls::Time;

/// A message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// A file that the configuration names.
    #[error("cannot read {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// An address, or what stands in a message.
    #[error("cannot write the message: {0}")]
    Content(String),
    /// The mail server.
    #[error("the mail server did not take it")]
    Mail(#[from] lettre::transport::smtp::Error),
    /// A connection.
    #[error("cannot reach {host}")]
    Connect {
        /// What.
        host: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// HTTP.
    #[error("{host} broke off")]
    Broken {
        /// What.
        host: String,
        /// Why.
        #[source]
        source: hyper::Error,
    },
    /// It said no.
    #[error("{host} answered {status}")]
    Status {
        /// What.
        host: String,
        /// How.
        status: StatusCode,
    },
    /// Too slow.
    #[error("it took longer than {} s", PATIENCE.as_secs())]
    Slow,
    /// TLS.
    #[error("cannot use the trusted certificates in {}: {why}", path.display())]
    Trust {
        /// Where they stand.
        path: PathBuf,
        /// What is wrong with them.
        why: String,
    },
}

/// One message is taken or given back within this time.
const PATIENCE: Duration = Duration::from_mins(1);

fn read(path: &Path) -> Result<Vec<u8>, PostError> {
    std::fs::read(path).map_err(|source| PostError::File { path: path.to_owned(), source })
}

fn read_line(path: &Path) -> Result<String, PostError> {
    Ok(String::from_utf8_lossy(&read(path)?).trim().to_owned())
}

/// Hands a message to the mail server, for all receivers. `id` makes a repeated one recognisable.
pub(crate) async fn mail(
    settings: &config::Mail,
    (message, id, name): (&Message, &str, &str),
    clock: &Arc<dyn Clock>,
) -> Result<(), PostError> {
    let mail = written(settings, (message, id, name), clock)?;
    let transport = transport(settings, name)?;
    tokio::time::timeout(PATIENCE, transport.send(mail)).await.map_err(|_| PostError::Slow)??;
    Ok(())
}

fn written(
    settings: &config::Mail,
    (message, id, name): (&Message, &str, &str),
    clock: &Arc<dyn Clock>,
) -> Result<Mail, PostError> {
    let mailbox = |text: &String| {
        text.parse::<Mailbox>().map_err(|error| PostError::Content(format!("address \"{text}\": {error}")))
    };
    let seconds = u64::try_from(clock.now().wall.as_second()).unwrap_or_default();
    let mut mail = Mail::builder()
        .from(mailbox(&settings.from)?)
        .subject(message.subject.clone())
        .message_id(Some(format!("<{id}@{name}>")))
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .header(lettre::message::header::ContentType::TEXT_PLAIN);
    for to in &settings.to {
        mail = mail.to(mailbox(to)?);
    }
    mail.body(message.text.clone()).map_err(|error| PostError::Content(error.to_string()))
}

fn transport(settings: &config::Mail, name: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, PostError> {
    let tls = match settings.security {
        MailSecurity::None => Tls::None,
        MailSecurity::Starttls | MailSecurity::Tls => {
            let roots = Certificate::from_pem(&read(&settings.trust)?)?;
            let parameters = TlsParameters::builder(settings.server.clone()).certificate_store(CertificateStore::None);
            let parameters = parameters.add_root_certificate(roots).build()?;
            if settings.security == MailSecurity::Tls { Tls::Wrapper(parameters) } else { Tls::Required(parameters) }
        }
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.server.clone())
        .port(settings.port)
        .tls(tls)
        .timeout(Some(PATIENCE))
        .hello_name(ClientId::Domain(name.to_owned()));
    if let (Some(user), Some(file)) = (&settings.user, &settings.password_file) {
        transport = transport.credentials(Credentials::new(user.clone(), read_line(file)?));
    }
    Ok(transport.build())
}

/// Posts a message as JSON, signed where there is a secret.
pub(crate) async fn webhook(
    settings: &config::Webhook,
    message: &Message,
    id: &str,
    clock: Arc<dyn Clock>,
) -> Result<(), PostError> {
    tokio::time::timeout(PATIENCE, post(settings, message, id, clock)).await.map_err(|_| PostError::Slow)?
}

async fn post(settings: &config::Webhook, message: &Message, id: &str, clock: Arc<dyn Clock>) -> Result<(), PostError> {
    let content = |error: &dyn std::fmt::Display| PostError::Content(error.to_string());
    let at: Uri = settings.url.parse().map_err(|error: http::uri::InvalidUri| content(&error))?;
    let host = at.host().ok_or_else(|| PostError::Content(format!("{} names no host", settings.url)))?.to_owned();
    let body = serde_json::json!({
        "id": id, "subject": message.subject, "text": message.text, "alerts": message.alerts,
    });
    let body = body.to_string();
    let path = at.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::post(path)
        .header(header::HOST, at.authority().map_or(host.as_str(), |at| at.as_str()))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "gapura")
        .header("Gapura-Message", id);
    if let Some(file) = &settings.secret_file {
        let key = hmac::Key::new(hmac::HMAC_SHA256, read_line(file)?.as_bytes());
        let tag = hmac::sign(&key, body.as_bytes());
        let digits =
            tag.as_ref().try_into().map(Sha256::from_bytes).map_err(|_| PostError::Content("no tag".to_owned()))?;
        let signature = HeaderValue::from_str(&format!("sha256={digits}")).map_err(|error| content(&error))?;
        request = request.header("Gapura-Signature", signature);
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|error| content(&error))?;
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let https = at.scheme_str() == Some("https");
    let unreached = |source| PostError::Connect { host: host.clone(), source };
    let port = at.port_u16().unwrap_or(if https { 443 } else { 80 });
    let tcp = TcpStream::connect((bare.as_str(), port)).await.map_err(unreached)?;
    if !https {
        return exchange(tcp, request, &host).await;
    }
    let name = ServerName::try_from(bare).map_err(|error| content(&error))?;
    let tls = connector(&settings.trust, clock)?.connect(name, tcp).await.map_err(unreached)?;
    exchange(tls, request, &host).await
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>, host: &str) -> Result<(), PostError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let broken = |source| PostError::Broken { host: host.to_owned(), source };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let mut connection = std::pin::pin!(connection);
    let mut sent = std::pin::pin!(sender.send_request(request));
    let response = tokio::select! {
        response = &mut sent => response,
        ended = &mut connection => {
            ended.map_err(broken)?;
            sent.await
        }
    };
    let status = response.map_err(broken)?.status();
    if status.is_success() { Ok(()) } else { Err(PostError::Status { host: host.to_owned(), status }) }
}

fn connector(trust: &Path, clock: Arc<dyn Clock>) -> Result<TlsConnector, PostError> {
    let bad = |why: String| PostError::Trust { path: trust.to_owned(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&read(trust)?) {
        // Single ones that are too old to be read are no reason to send nothing.
        let _ = roots.add(certificate.map_err(|error| bad(error.to_string()))?);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(Time(clock)));
    let config = config.with_safe_default_protocol_versions().map_err(|error| bad(error.to_string()))?;
    Ok(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}

//! The lists of the content filter: where they come from, what was fetched, and the index made of them.
//!
//! What is taken from a source becomes an *edition*: files under the hash of their content. An edition comes into force when the
//! guard lets it pass, or a person does; the index is built of the editions in force, and never touched again.

mod build;
mod edition;
mod https;
mod lookup;
mod shelf;
mod state;
mod take;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use gapura_model::ListId;
use gapura_rules::sop::{Asked, Catalogue, Holds, ListSource, Problem, Severity, Source, pack_lists};
use gapura_runtime::Clock;
use gapura_wire::BundleKey;
use tokio::sync::Notify;

pub(crate) use self::build::{Ingredient, Recipe, build};
use self::edition::look_over;
use self::https::Bounds;
pub(crate) use self::https::{Client, Ends, FetchError, trusting};
pub(crate) use self::lookup::{Holder, Lookup};
pub(crate) use self::shelf::{KEPT, Shelf};
pub use self::state::{Edition, Held, ListState};
use self::take::{Taken, take};
use crate::config::Controller;
use crate::keys::KeysError;

/// What is known of lists before any is fetched.
#[derive(Debug)]
pub(crate) struct Lists {
    /// The lists there are; replaced as a whole.
    catalogue: RwLock<Arc<Catalogue>>,
    /// Where they are written down.
    file: Option<PathBuf>,
    /// The catalogue was read again: its sources are to be looked at.
    pub(crate) reread: Notify,
    /// Whether they are to be fetched; else the catalogue is the one that Gapura brings along.
    pub(crate) fetched: bool,
    pub(crate) shelf: Shelf,
    /// One at a time in this process; between processes there is [`Lists::lock`].
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// One delta is made at a time. It has a lock of its own: routers must not wait while lists are fetched.
    pub(crate) deltas: tokio::sync::Mutex<()>,
    /// The newest index that was asked something: it stays open.
    lookup: Mutex<Option<Arc<Lookup>>>,
    /// What gateways reach this controller by.
    pub(crate) own: Vec<Asked>,
    /// What relative paths in the catalogue begin from.
    base: PathBuf,
    directory: PathBuf,
    trust: PathBuf,
}

/// Lists could not be read, fetched or put into an index.
#[derive(Debug, thiserror::Error)]
pub enum ListsError {
    /// The catalogue is wrong; all problems.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Catalogue(Vec<Problem>),
    /// A file or directory.
    #[error("cannot {what} {}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A list could not be fetched.
    #[error("cannot fetch {address}")]
    Fetch {
        /// From where.
        address: String,
        /// Why not.
        #[source]
        source: FetchError,
    },
    /// No certificates to check where a list comes from.
    #[error("cannot fetch {0} without certificates to check its server by: set controller.lists_trust")]
    NoTrust(String),
    /// A file changed while it was read.
    #[error("a list for {} changed while it was read: it is looked at again later", .0.display())]
    Changing(PathBuf),
    /// Files of editions in force are not what was kept.
    #[error(
        "files of {} are not as they were kept: the index stays as it is, and the list is fetched again (lists refresh)",
        .0.iter().map(ListId::as_str).collect::<Vec<_>>().join(", ")
    )]
    Damaged(Vec<ListId>),
    /// A list's file could not be read.
    #[error("cannot {what}")]
    Index {
        /// What was tried.
        what: &'static str,
        /// Why not.
        #[source]
        source: gapura_lists::IndexError,
    },
    /// The index could not be built.
    #[error("cannot build the index")]
    Build(#[from] gapura_lists::BuildError),
    /// The turn, or random numbers for a key.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The process is being taken down.
    #[error("stopped while lists were worked on")]
    Stopped,
}

impl Lists {
    /// Reads the catalogue.
    pub(crate) fn open(settings: &Controller) -> Result<Self, ListsError> {
        let base = settings.lists.as_deref().and_then(Path::parent).unwrap_or(Path::new("/")).to_owned();
        Ok(Self {
            catalogue: RwLock::new(Arc::new(read(settings.lists.as_deref())?)),
            file: settings.lists.clone(),
            reread: Notify::new(),
            fetched: settings.lists.is_some(),
            shelf: Shelf::new(settings.data_dir.join("index")),
            turn: tokio::sync::Mutex::new(()),
            deltas: tokio::sync::Mutex::new(()),
            lookup: Mutex::default(),
            own: own(settings),
            base,
            directory: settings.data_dir.join("lists"),
            trust: settings.lists_trust.clone(),
        })
    }

    /// The lists there are.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the catalogue again; on an error the one before stays. Blocks.
    pub(crate) fn read_again(&self) -> Result<(), ListsError> {
        let catalogue = Arc::new(read(self.file.as_deref())?);
        *self.catalogue.write().unwrap_or_else(PoisonError::into_inner) = catalogue;
        self.reread.notify_one();
        Ok(())
    }

    /// The index of this version, opened when it is first asked; none where its file is not there. Blocks.
    pub(crate) fn lookup(&self, version: u64, key: &BundleKey) -> Result<Option<Arc<Lookup>>, ListsError> {
        let mut open = self.lookup.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.as_ref().filter(|known| known.version() == version) {
            return Ok(Some(Arc::clone(known)));
        }
        let found = Lookup::open(&self.shelf, version, key)?.map(Arc::new);
        open.clone_from(&found);
        Ok(found)
    }

    /// Where a list's files are kept.
    fn home(&self, source: &ListSource) -> PathBuf {
        self.directory.join(source.id.as_str())
    }

    /// Where the files of an edition are kept.
    pub(crate) fn files_of(&self, source: &ListSource, edition: &Edition) -> PathBuf {
        self.home(source).join(edition.directory())
    }

    /// Waits for the turn to work on lists; it lasts until the file is dropped. Blocks.
    pub(crate) fn lock(&self) -> Result<std::fs::File, ListsError> {
        Ok(crate::keys::lock(&self.directory)?)
    }

    /// A client for lists, where one of them needs it.
    pub(crate) fn client(&self, clock: Arc<dyn Clock>) -> Result<Option<Client>, ListsError> {
        let remote = |source: &&ListSource| source.sources.iter().any(|address| address.starts_with("https://"));
        let catalogue = self.catalogue();
        let Some(first) = catalogue.sources().iter().find(remote) else { return Ok(None) };
        let client = Client::new(&self.trust, clock, Bounds::default());
        client.map(Some).map_err(|source| ListsError::Fetch { address: first.id.to_string(), source })
    }

    /// Looks at the sources of a list.
    pub(crate) async fn look(
        &self,
        source: &ListSource,
        client: Option<&Client>,
        state: &mut ListState,
    ) -> Result<Taken, ListsError> {
        let home = self.home(source);
        let failed = |source| ListsError::File { what: "make", path: home.clone(), source };
        tokio::fs::create_dir_all(&home).await.map_err(failed)?;
        take(source, (&self.base, &home), client, state).await
    }

    /// Keeps what was taken, reads it, and says what the guard thinks of it beside the edition in force. Blocks.
    pub(crate) fn keep(
        &self,
        (source, holds): (&ListSource, Holds),
        taken: &Taken,
        (state, now): (&ListState, jiff::Timestamp),
    ) -> Result<(Edition, Vec<String>), ListsError> {
        let directory = taken.keep(&self.home(source))?;
        look_over((source, holds), (&directory, taken), state.in_force.as_ref(), (&self.own, now))
    }

    /// Keeps what was taken in place of the damaged files of the same edition. Blocks.
    pub(crate) fn restore(&self, source: &ListSource, taken: &Taken) -> Result<(), ListsError> {
        taken.keep(&self.home(source)).map(drop)
    }

    /// Removes the files of lists that the catalogue does not have any more. Blocks.
    pub(crate) fn forget_others(&self) {
        let catalogue = self.catalogue();
        let known = |name: &str| catalogue.entries().iter().any(|entry| entry.id.as_str() == name);
        for entry in std::fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            if entry.path().is_dir() && !known(&entry.file_name().to_string_lossy()) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Removes files of editions that are neither in force nor waiting. Blocks.
    pub(crate) fn tidy(&self, source: &ListSource, state: &ListState) {
        let kept: Vec<String> = [state.in_force.as_ref(), state.held.as_ref().map(|held| &held.edition)]
            .into_iter()
            .flatten()
            .map(Edition::directory)
            .collect();
        for entry in std::fs::read_dir(self.home(source)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() && !kept.contains(&name) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// The name or address that gateways are given, and the one this controller listens on where it is a certain one.
fn own(settings: &Controller) -> Vec<Asked> {
    let address = settings.public_name.parse().map(Asked::Address);
    let public = address.ok().or_else(|| settings.public_name.parse().map(Asked::Name).ok());
    let listen = settings.listen.ip();
    let listen = (!listen.is_unspecified() && !listen.is_loopback()).then_some(Asked::Address(listen));
    public.into_iter().chain(listen).collect()
}

/// The catalogue in this file, or the one that Gapura brings along.
fn read(file: Option<&Path>) -> Result<Catalogue, ListsError> {
    let (file, text) = match file {
        Some(path) => {
            let failed = |source| ListsError::File { what: "read", path: path.to_owned(), source };
            (path.display().to_string(), std::fs::read_to_string(path).map_err(failed)?)
        }
        None => (pack_lists().file.to_owned(), pack_lists().text.to_owned()),
    };
    let (catalogue, problems) = Catalogue::read(Source { file: &file, text: &text });
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(ListsError::Catalogue(problems));
    }
    Ok(catalogue)
}

/// Runs `work` where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ListsError> + Send + 'static,
) -> Result<T, ListsError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ListsError::Stopped)?
}

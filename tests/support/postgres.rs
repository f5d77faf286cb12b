//! A PostgreSQL server for tests: started by the tests themselves, on a Unix socket, in a directory of its own, gone with the
//! last test that uses it.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Where Debian's postgresql-15 keeps its programs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";

/// A fresh, empty database; keep it as long as it is used.
pub(crate) struct Database {
    pub(crate) address: String,
    name: String,
    server: Arc<Server>,
}

/// A fresh, empty database on a server that all tests of this process share.
pub(crate) fn database() -> Database {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().filter(|server| server.runs()).unwrap_or_else(|| {
            let server = Arc::new(Server::start());
            *shared = Arc::downgrade(&server);
            server
        })
    };
    let name = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let socket = server.directory.display().to_string();
    server.run("createdb", &["-h", &socket, "-U", "postgres", &name]);
    Database { address: format!("postgres:///{name}?host={socket}&user=postgres"), name, server }
}

/// What a test left needs no room while the others run.
impl Drop for Database {
    fn drop(&mut self) {
        let socket = self.server.directory.display().to_string();
        let drop = ["-h", &socket, "-U", "postgres", "--if-exists", "--force", &self.name];
        let _ = self.server.command("dropdb").args(drop).stderr(Stdio::null()).status();
    }
}

struct Server {
    directory: PathBuf,
    user: Option<(u32, u32)>,
    child: Mutex<Option<Child>>,
}

impl Server {
    fn start() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("gapura-pg-{}-{number}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        // PostgreSQL refuses to run as root.
        let user = (std::fs::metadata(&directory).unwrap().uid() == 0).then(postgres_user);
        if let Some((uid, gid)) = user {
            chown(&directory, Some(uid), Some(gid)).unwrap();
        }
        let server = Self { directory, user, child: Mutex::default() };
        let data = server.directory.join("data").display().to_string();
        let kind = ["-A", "trust", "--no-locale", "-E", "UTF8", "--no-sync", "--wal-segsize=4"];
        server.run("initdb", &[&["-D", &data, "-U", "postgres"][..], &kind].concat());
        let socket = server.directory.display().to_string();
        let quick = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"];
        let small =
            ["-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "min_wal_size=8MB", "-c", "max_wal_size=64MB"];
        let place = ["-D", &data, "-k", &socket, "-c", "listen_addresses=", "-c", "max_connections=200"];
        let said = File::create(server.said()).unwrap();
        let mut postgres = server.command("postgres");
        postgres.args(place).args(quick).args(small).stderr(said);
        *server.child.lock().unwrap() = Some(postgres.spawn().unwrap());
        for attempt in 0.. {
            let ready = server.command("pg_isready").args(["-q", "-h", &socket, "-U", "postgres"]).status().unwrap();
            if ready.success() {
                break;
            }
            assert!(attempt < 600, "PostgreSQL did not come up in 60 s; its last words:\n{}", server.last_words());
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }

    fn run(&self, program: &str, args: &[&str]) {
        let mut child = self.command(program).args(args).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success(), "{program}: {said}\nPostgreSQL's last words:\n{}", self.last_words());
    }

    /// Whether it still runs; one that ended by itself says why in the test's output.
    fn runs(&self) -> bool {
        let ended = match self.child.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(child) => child.try_wait().unwrap(),
            None => return false,
        };
        if let Some(status) = ended {
            eprintln!("PostgreSQL ended by itself ({status}); its last words:\n{}", self.last_words());
        }
        ended.is_none()
    }

    /// Where its log is.
    fn said(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// The end of its log, and how much room is left where its data are.
    fn last_words(&self) -> String {
        let said = std::fs::read_to_string(self.said()).unwrap_or_else(|error| error.to_string());
        let lines: Vec<_> = said.lines().collect();
        let room = Command::new("df").arg("-h").arg(&self.directory).output();
        let room =
            room.map_or_else(|error| error.to_string(), |room| String::from_utf8_lossy(&room.stdout).into_owned());
        format!("{}\n{room}", lines[lines.len().saturating_sub(20)..].join("\n"))
    }

    fn command(&self, program: &str) -> Command {
        let path = Path::new(PROGRAMS).join(program);
        assert!(path.exists(), "{} is missing: apt install postgresql-15", path.display());
        let mut command = Command::new(path);
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut child) = child {
            // Killing the postmaster alone would leave its children at work in the directory for a moment.
            let data = self.directory.join("data").display().to_string();
            let _ = self.command("pg_ctl").args(["-D", &data, "-m", "immediate", "-w", "stop"]).status();
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn postgres_user() -> (u32, u32) {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd.lines().find(|line| line.starts_with("postgres:")).expect("user postgres is missing");
    let mut fields = line.split(':').skip(2).map(|field| field.parse().unwrap());
    (fields.next().unwrap(), fields.next().unwrap())
}

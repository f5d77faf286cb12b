//! A PostgreSQL server of the bench's own, on a Unix socket in a directory of its own.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use gapura_lab::LabError;
use gapura_lab::child::{Guarded, dies_with_us, output_of};
use gapura_lab::clock::wait_for;

use crate::BenchError;

/// Where Debian's postgresql-15 keeps its programs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server; it ends with this.
#[derive(Debug)]
pub(crate) struct Postgres {
    home: Home,
    server: Guarded,
}

/// Whether what is committed survives a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durable {
    /// As in service.
    Yes,
    /// Where only reading is measured, which costs the same.
    No,
}

#[derive(Debug)]
struct Home {
    directory: PathBuf,
    user: Option<(u32, u32)>,
}

impl Postgres {
    /// Starts it over `directory/data`, which is made if it is not there.
    pub(crate) fn start(directory: &Path, durable: Durable) -> Result<Self, BenchError> {
        let failed = || BenchError::io(format!("prepare {}", directory.display()));
        fs::create_dir_all(directory).map_err(failed())?;
        // PostgreSQL refuses to run as root.
        let root = fs::metadata("/proc/self").map_err(failed())?.uid() == 0;
        let user = if root { Some(postgres_user()?) } else { None };
        if let Some((uid, gid)) = user {
            chown(directory, Some(uid), Some(gid)).map_err(failed())?;
        }
        let home = Home { directory: directory.to_owned(), user };
        let data = directory.join("data").display().to_string();
        if !directory.join("data").exists() {
            let how = ["-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8", "--no-sync"];
            output_of(home.command("initdb", &[&["-D", &data][..], &how].concat())?, None)?;
        }
        let socket = directory.display().to_string();
        // All else is as Debian ships it.
        let quick: &[&str] = match durable {
            Durable::Yes => &["-c", "listen_addresses="],
            Durable::No => &["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "listen_addresses="],
        };
        let mut command = home.command("postgres", &[&["-D", &data, "-k", &socket][..], quick].concat())?;
        command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
        let server = Guarded::start(command)?;
        let started = Self { home, server };
        wait_for("PostgreSQL", PATIENCE, || {
            let asked = started.home.command("pg_isready", &["-q", "-h", &socket, "-U", "postgres"]);
            Ok(output_of(asked.map_err(|error| LabError::Wrong(error.to_string()))?, None).ok())
        })?;
        Ok(started)
    }

    /// Makes the database, if it is not there; its address.
    pub(crate) fn database(&self) -> Result<String, BenchError> {
        let socket = self.home.directory.display().to_string();
        let known = self.ask("postgres", "SELECT 1 FROM pg_database WHERE datname = 'gapura'")?;
        if known.trim().is_empty() {
            output_of(self.home.command("createdb", &["-h", &socket, "-U", "postgres", "gapura"])?, None)?;
        }
        Ok(format!("postgres:///gapura?host={socket}&user=postgres"))
    }

    /// Has it look at its tables, as it does by itself some minutes after so many rows came.
    pub(crate) fn analyze(&self) -> Result<(), BenchError> {
        self.ask("gapura", "ANALYZE").map(drop)
    }

    fn ask(&self, database: &str, statement: &str) -> Result<String, BenchError> {
        let socket = self.home.directory.display().to_string();
        let arguments = ["-h", &socket, "-U", "postgres", "-d", database, "-At", "-c", statement];
        Ok(output_of(self.home.command("psql", &arguments)?, None)?)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // An orderly end; SIGTERM alone would wait for connections.
        self.server.send(rustix::process::Signal::INT);
        let _ = self.server.wait(PATIENCE);
    }
}

impl Home {
    fn command(&self, program: &str, arguments: &[&str]) -> Result<Command, BenchError> {
        let path = Path::new(PROGRAMS).join(program);
        if !path.exists() {
            let why = format!("{} is missing: apt install postgresql-15", path.display());
            return Err(LabError::Wrong(why).into());
        }
        let mut command = dies_with_us();
        command.arg(path).args(arguments).current_dir("/");
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        Ok(command)
    }
}

fn postgres_user() -> Result<(u32, u32), BenchError> {
    let passwd = fs::read_to_string("/etc/passwd").map_err(BenchError::io("read /etc/passwd"))?;
    let line = passwd.lines().find(|line| line.starts_with("postgres:"));
    let mut fields = line.into_iter().flat_map(|line| line.split(':').skip(2)).map(str::parse);
    match (fields.next(), fields.next()) {
        (Some(Ok(uid)), Some(Ok(gid))) => Ok((uid, gid)),
        _ => Err(LabError::Wrong("there is no user postgres: apt install postgresql-15".into()).into()),
    }
}

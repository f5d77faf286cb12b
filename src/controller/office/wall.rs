//! Screens on walls: each opens the wallboard by a secret in its address, and nothing else, until somebody takes it back.

use gapura_store::{ScreenRow, millis, timestamp};
use gapura_wire::Sha256;
use jiff::{SignedDuration, Timestamp};

use super::alert::id_of;
use super::print::FormKey;
use super::{Actor, Change, Office, OfficeError, REASON};
use crate::keys::random;
use crate::rights::Scope;
use crate::why::why;

/// A screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Its id.
    pub id: String,
    /// Where it hangs.
    pub name: String,
    /// Which sites it shows.
    pub scope: Scope,
    /// When it was made (UTC).
    pub made: Timestamp,
    /// By whom.
    pub made_by: String,
    /// When it was taken back (UTC), and by whom.
    pub ended: Option<(Timestamp, String)>,
    hash: Vec<u8>,
}

/// The longest name of a screen, in characters.
pub const SCREEN_CHARS: usize = 80;
/// Screens that can be in use at once.
const MOST: usize = 32;
/// Screens that were taken back are remembered for a year.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 365);

impl Screen {
    /// Whether this is the secret of its address. Hashes are compared: how far they agree tells nothing of the secret.
    pub fn opens(&self, secret: &str) -> bool {
        self.ended.is_none() && self.hash == Sha256::of(secret.as_bytes()).as_bytes()
    }
}

impl Office {
    /// Makes a screen, named after the form that asked for it: sent again, the form makes no second one. Its secret is told
    /// this once.
    pub async fn make_screen(
        &self,
        form: &FormKey,
        (name, scope): (&str, &Scope),
        who: &Actor,
    ) -> Result<(Screen, String), OfficeError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > SCREEN_CHARS || name.contains(char::is_control) {
            return Err(OfficeError::Mistakes(vec![why!("text-length", most = SCREEN_CHARS).at("name")]));
        }
        let (id, secret) = (form.to_text(), id_of(&random::<24>()?));
        let row = ScreenRow {
            id: id.clone(),
            name: name.to_owned(),
            hash: Sha256::of(secret.as_bytes()).as_bytes().to_vec(),
            scope: scope.to_string(),
            made: millis(self.now()),
            made_by: who.name.clone(),
            ended: None,
            ended_by: None,
        };
        let mut tx = self.store.write().await?;
        let known = tx.screens().await?;
        if known.iter().any(|screen| screen.id == id) {
            return Err(OfficeError::Refused(why!("screen-made-already")));
        }
        if known.iter().filter(|screen| screen.ended.is_none()).count() >= MOST {
            return Err(OfficeError::Refused(why!("screen-most", most = MOST)));
        }
        tx.add_screen(&row).await?;
        let after = format!("{name} ({scope})");
        let change = Change { action: "screen-make", object: format!("screen/{id}"), before: "", after: &after };
        self.note(&mut tx, who, change).await?;
        tx.commit().await?;
        Ok((screen(row)?, secret))
    }

    /// All screens, the newest first, those that were taken back in the last year included.
    pub async fn screens(&self) -> Result<Vec<Screen>, OfficeError> {
        self.store.read().await?.screens().await?.into_iter().map(screen).collect()
    }

    /// Takes a screen back: it shows nothing any more, within a second.
    pub async fn end_screen(&self, id: &str, who: &Actor) -> Result<(), OfficeError> {
        if who.reason.trim().is_empty() {
            return Err(OfficeError::Refused(why!("screen-reason").flag(REASON)));
        }
        let mut tx = self.store.write().await?;
        let known = tx.screens().await?.into_iter().find(|row| row.id == id);
        let known = known.ok_or_else(|| OfficeError::not_found("screen", id))?;
        if !tx.end_screen(id, self.now(), &who.name).await? {
            return Err(OfficeError::Refused(why!("screen-ended", name = &known.name)));
        }
        let change = Change { action: "screen-end", object: format!("screen/{id}"), before: &known.name, after: "" };
        self.note(&mut tx, who, change).await?;
        Ok(tx.commit().await?)
    }

    /// Forgets screens that were taken back long ago.
    pub(super) async fn forget_screens(&self, tx: &mut gapura_store::Tx) -> Result<(), OfficeError> {
        tx.prune_screens(self.now().checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN)).await?;
        Ok(())
    }
}

fn screen(row: ScreenRow) -> Result<Screen, OfficeError> {
    let damaged = |error: crate::rights::ParseScopeError| OfficeError::damaged("a screen")(error.into());
    Ok(Screen {
        scope: row.scope.parse().map_err(damaged)?,
        ended: row.ended.map(|at| (timestamp(at), row.ended_by.unwrap_or_default())),
        id: row.id,
        name: row.name,
        made: timestamp(row.made),
        made_by: row.made_by,
        hash: row.hash,
    })
}

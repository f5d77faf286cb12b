//! *Papan pantau*: the wallboard, live, for screens that nobody touches; and the page where screens are made and taken back.
//!
//! A screen opens the board by a secret in its address. Nobody is signed in at it: a person's session ends when nobody is there,
//! and a wall would keep it awake for ever. The secret opens the board and its stream, nothing else.

mod board;
pub(crate) mod feed;
#[cfg(test)]
mod samples;
mod screens;

use std::convert::Infallible;
use std::time::Duration;

use askama::Template as _;
use axum::extract::Path;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use gapura_controller::{Right, Screen};
use gapura_speech::{Lang, Say};
use http::{StatusCode, header};

use self::board::{Board, Wall};
use self::feed::Feed;
use crate::answer::{Answer, Oops, page};
use crate::here::Here;
use crate::routes::{Needs, Routes};

#[cfg(test)]
pub(crate) use samples::samples;

/// Where boards are.
pub(crate) const BOARDS: &str = "/papan/";
/// A browser hears something at least so often, in looks.
const QUIET: u32 = 5;
/// A stream ends after so many looks; its browser begins another.
const LONGEST: u32 = 3600;
/// Whoever found no place asks again after so many seconds.
const RETRY: &str = "15";

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get("/papan/{kunci}", Needs::Nothing, wall);
    routes.get("/papan/{kunci}/alir", Needs::Nothing, stream);
    routes.get(screens::PATH, Needs::Anywhere(Right::SetNetwork), screens::list);
    routes.post("/layar/baru", Needs::Anywhere(Right::SetNetwork), screens::make);
    routes.post("/layar/cabut", Needs::Anywhere(Right::SetNetwork), screens::end);
}

/// The screen that this secret belongs to.
async fn screen(here: &Here, secret: &str) -> Result<Screen, Oops> {
    here.office().screens().await?.into_iter().find(|screen| screen.opens(secret)).ok_or(Oops::NotFound)
}

/// Indonesian, unless the address says otherwise: a wall's browser speaks whatever it was shipped with.
fn language(here: &Here) -> Lang {
    Lang::ALL.into_iter().find(|lang| lang.tag() == here.asked().get("bahasa")).unwrap_or_default()
}

/// The whole page; without scripts it loads itself anew.
async fn wall(here: Here, Path(secret): Path<String>) -> Answer {
    let screen = screen(&here, &secret).await?;
    let lang = language(&here);
    let board = seen(&here, &screen, lang).await.ok_or(Oops::Broken)?;
    let stream = format!("{BOARDS}{secret}/alir?bahasa={}", lang.tag());
    page(&Wall::around(board, stream, lang))
}

/// What the screen shows now.
async fn seen(here: &Here, screen: &Screen, lang: Lang) -> Option<Board> {
    let look = here.app.wall.look(here.office(), &here.zone()).await?;
    Some(board::board(&look.figures, screen, &says(here, lang), &here.app.settings.department))
}

fn says(here: &Here, lang: Lang) -> (Say, Say) {
    let now = here.office().now();
    let moment = gapura_model::Moment::trusted(gapura_model::Uptime::default(), now);
    let own = Say::new(crate::words::words(lang), here.zone(), moment);
    (own, gapura_controller::say(lang, here.zone(), now))
}

/// The board as it changes (server-sent events, WHATWG HTML section 9.2).
async fn stream(here: Here, Path(secret): Path<String>) -> Answer {
    let screen = screen(&here, &secret).await?;
    let Some(place) = here.app.wall.place(&screen.id) else {
        return Ok((StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, RETRY)]).into_response());
    };
    let lang = language(&here);
    let feed = here.app.wall.clone();
    let watch = Watch { here, screen, secret, lang, feed, shown: String::new(), quiet: 0, looks: 0, over: false };
    let events = futures_util::stream::unfold((watch, place), async |(mut watch, place)| {
        let event = watch.next().await?;
        Some((Ok::<Event, Infallible>(event), (watch, place)))
    });
    // A proxy that gathers answers would show nothing for minutes.
    let mut response: Response = Sse::new(events).into_response();
    response.headers_mut().insert("x-accel-buffering", http::HeaderValue::from_static("no"));
    Ok(response)
}

/// One who watches.
struct Watch {
    here: Here,
    screen: Screen,
    secret: String,
    lang: Lang,
    feed: Feed,
    shown: String,
    /// Looks since something was sent.
    quiet: u32,
    looks: u32,
    /// The screen was taken back, and its browser told so.
    over: bool,
}

impl Watch {
    /// The next event; none where the stream ends.
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        loop {
            if self.looks > 0 {
                tokio::select! {
                    () = self.feed.stopping() => return None,
                    () = tokio::time::sleep(feed::PERIOD) => {}
                }
            }
            self.looks += 1;
            if self.looks > LONGEST {
                return None;
            }
            let look = self.feed.look(self.here.office(), &self.here.zone()).await?;
            // One made a moment ago may not be in the look yet; one taken back is.
            let known = look.screens.iter().find(|screen| screen.id == self.screen.id);
            let open = known.map_or(self.looks <= 2, |screen| screen.opens(&self.secret));
            if !open {
                self.over = true;
                return Some(Event::default().event("tutup").data("1"));
            }
            let says = says(&self.here, self.lang);
            let board = board::board(&look.figures, &self.screen, &says, &self.here.app.settings.department);
            let html = board.render().inspect_err(|error| tracing::error!(%error, "a template could not be rendered"));
            let html = html.ok()?;
            self.quiet += 1;
            if html != self.shown {
                self.quiet = 0;
                self.shown.clone_from(&html);
                return Some(
                    Event::default().event("papan").retry(Duration::from_secs(5)).data(html.replace('\r', " ")),
                );
            }
            if self.quiet >= QUIET {
                self.quiet = 0;
                return Some(Event::default().event("detak").data("1"));
            }
        }
    }
}

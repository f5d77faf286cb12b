//! Every address of the console, and what it needs: the guard stands before each handler.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use gapura_controller::Right;

use crate::answer::{Oops, finish};
use crate::here::{App, Here, Where};
use crate::{
    assets, audit, class, dashboard, day, desk, explain, front, lists, network, people, profile, records, requests,
    rollout, signin, sops, vouchers, wall,
};

/// What an address needs of whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: the sign-in itself, style sheets.
    Nothing,
    /// To be signed in.
    SignedIn,
    /// This right at the site in the address (`/l/{site}/...`), or, without one, for the whole department.
    Right(Right),
    /// This right anywhere; the handler shows only what [`Here::may_at`] allows.
    Anywhere(Right),
    /// The desk of the agency in the address (`/instansi/{agency}/...`).
    Desk,
}

/// One address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Its pattern, as in axum.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
}

/// A part of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    /// Serving visitors.
    Service,
    /// What is filtered, and why.
    Filter,
    /// Sites and gateways.
    Network,
    /// What is reported of the whole.
    Report,
    /// People and the audit log.
    Department,
}

/// A line of the menu. Its address may hold `{site}`; it is shown to whoever may open it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MenuLine {
    pub(crate) section: Section,
    pub(crate) icon: &'static str,
    /// The key of its words.
    pub(crate) words: &'static str,
    pub(crate) path: &'static str,
    pub(crate) needs: Right,
}

/// A line of the menu and what its page asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MenuDoor {
    pub(crate) line: MenuLine,
    /// The right has to hold in the whole department.
    pub(crate) whole: bool,
}

/// Collects addresses and the menu.
#[derive(Default)]
pub(crate) struct Routes {
    methods: Vec<(&'static str, Needs, MethodRouter<App>)>,
    table: Vec<Entry>,
    menu: Vec<MenuLine>,
}

impl Routes {
    /// A page.
    pub(crate) fn get<H, T>(&mut self, path: &'static str, needs: Needs, handler: H)
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.table.push(Entry { method: "GET", path, needs });
        self.methods.push((path, needs, get(handler)));
    }

    /// A form.
    pub(crate) fn post<H, T>(&mut self, path: &'static str, needs: Needs, handler: H)
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.table.push(Entry { method: "POST", path, needs });
        self.methods.push((path, needs, post(handler)));
    }

    /// A line of the menu.
    pub(crate) fn menu(&mut self, line: MenuLine) {
        self.menu.push(line);
    }

    fn build(self, app: &App) -> Router {
        let mut router = Router::new();
        for (path, needs, method) in self.methods {
            router = router.route(path, method.layer(from_fn_with_state((app.clone(), needs), guard)));
        }
        router.route("/aset/{name}", get(assets::asset_named)).fallback(front::nowhere).with_state(app.clone())
    }
}

/// Every room.
fn all() -> Routes {
    let mut routes = Routes::default();
    front::routes(&mut routes);
    desk::routes(&mut routes);
    class::routes(&mut routes);
    day::routes(&mut routes);
    requests::routes(&mut routes);
    rollout::routes(&mut routes);
    sops::routes(&mut routes);
    explain::routes(&mut routes);
    lists::routes(&mut routes);
    network::routes(&mut routes);
    vouchers::routes(&mut routes);
    dashboard::routes(&mut routes);
    wall::routes(&mut routes);
    audit::routes(&mut routes);
    records::routes(&mut routes);
    people::routes(&mut routes);
    profile::routes(&mut routes);
    signin::routes(&mut routes);
    routes
}

/// Every address with what it needs, for tests that try them all.
pub fn table() -> Vec<Entry> {
    all().table
}

/// Whether there is a page at this address (without what follows `?`), not only something that takes forms.
pub(crate) fn is_page(path: &str) -> bool {
    static PAGES: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let pages = table().into_iter().filter(|entry| entry.method == "GET");
        pages.map(|entry| entry.path).collect()
    });
    let fits = |pattern: &str| {
        let (mut asked, mut known) = (path.split('/'), pattern.split('/'));
        loop {
            match (asked.next(), known.next()) {
                (None, None) => return true,
                (Some(_), Some(rest)) if rest.starts_with("{*") => return true,
                (Some(one), Some(name)) if name.starts_with('{') && !one.is_empty() => {}
                (Some(one), Some(other)) if one == other => {}
                (Some(_), Some(_) | None) | (None, Some(_)) => return false,
            }
        }
    };
    PAGES.iter().any(|pattern| fits(pattern))
}

/// Every line of the menu, for samples.
#[cfg(test)]
pub(crate) fn menu() -> Vec<MenuLine> {
    let mut menu = all().menu;
    menu.sort_by_key(|line| line.section);
    menu
}

/// The whole console.
pub(crate) fn router(app: App) -> Router {
    let routes = all();
    let whole = |line: &MenuLine| {
        let asks = |entry: &Entry| entry.path == line.path && entry.needs == Needs::Right(line.needs);
        !line.path.contains("{site}") && routes.table.iter().any(asks)
    };
    let mut menu: Vec<_> = routes.menu.iter().map(|line| MenuDoor { line: *line, whole: whole(line) }).collect();
    menu.sort_by_key(|door| door.line.section);
    let app = App { menu: Arc::new(menu), ..app };
    routes.build(&app)
}

/// Looks who asks and whether they may, before anything else is done; frames what went wrong afterwards.
async fn guard(
    State((app, needs)): State<(App, Needs)>,
    parameters: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let of = |name: &str| parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    let asked = Where { site: of("site"), agency: of("agency") };
    let (parts, body) = request.into_parts();
    let here = match Here::of(&app, &parts, asked).await {
        Ok(here) => here,
        Err((here, oops)) => return finish(&here, oops.into()),
    };
    if let Err(oops) = here.check(needs, &parts) {
        return finish(&here, oops.into());
    }
    let mut request = Request::from_parts(parts, body);
    request.extensions_mut().insert(here.clone());
    finish(&here, next.run(request).await)
}

impl From<Oops> for Response {
    fn from(oops: Oops) -> Self {
        axum::response::IntoResponse::into_response(oops)
    }
}

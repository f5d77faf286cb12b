//! Orang: who may sign in, and what they may do.

use askama::Template;
use axum::extract::Path;
use gapura_controller::{
    Grant, OfficeError, Person, PersonAdded, PersonOrder, Right, Role, Scope, StaffName, StaffProblem,
};

use crate::answer::{Answer, Oops, again, page, to};
use crate::chrome::Chrome;
use crate::form::{Fields, Posted};
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};
#[cfg(test)]
use crate::samples::Sample;
use crate::staff_words::{grant as said, problems, role as role_name, scope as scope_name};

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get("/orang", Needs::Right(Right::SeePeople), list);
    routes.get("/orang/baru", Needs::Right(Right::SetPeople), new);
    routes.post("/orang/baru", Needs::Right(Right::SetPeople), add);
    routes.get("/orang/{name}", Needs::Right(Right::SeePeople), one);
    routes.get("/orang/{name}/ubah", Needs::Right(Right::SetPeople), edit);
    routes.post("/orang/{name}/ubah", Needs::Right(Right::SetPeople), change);
    routes.menu(MenuLine {
        section: Section::Department,
        icon: icons::PERSON,
        words: "people-title",
        path: "/orang",
        needs: Right::SeePeople,
    });
}

/// Empty lines for further duties on a form.
const MORE: usize = 3;

/// A line of the list.
struct Line {
    name: String,
    title: String,
    duties: Vec<String>,
    state: String,
    tag: &'static str,
    factor: bool,
}

#[derive(Template)]
#[template(path = "people.html")]
struct ListPage {
    c: Chrome,
    people: Vec<Line>,
    may_add: bool,
}

/// A choice of a list.
#[derive(Clone)]
struct Choice {
    value: String,
    words: String,
}

/// A line of the form for duties.
struct Duty {
    role: String,
    scope: String,
}

/// What is typed about somebody.
struct Form {
    name: String,
    title: String,
    lang: String,
    subject: String,
    duties: Vec<Duty>,
    reason: String,
}

#[derive(Template)]
#[template(path = "person_new.html")]
struct NewPage {
    c: Chrome,
    wrong: Vec<String>,
    form: Form,
    roles: Vec<Choice>,
    scopes: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "person.html")]
struct OnePage {
    c: Chrome,
    person: Line,
    since: String,
    closed: Option<String>,
    subject: Option<String>,
    may_change: bool,
}

#[derive(Template)]
#[template(path = "person_edit.html")]
struct EditPage {
    c: Chrome,
    wrong: Vec<String>,
    form: Form,
    roles: Vec<Choice>,
    scopes: Vec<Choice>,
    factor: bool,
}

#[derive(Template)]
#[template(path = "person_password.html")]
struct PasswordPage {
    c: Chrome,
    name: String,
    password: String,
    until: String,
}

fn line(here: &Here, person: &Person) -> Line {
    let w = here.w();
    let (key, tag) = match (person.closed, person.temporary_until) {
        (Some(_), _) => ("people-closed", "off"),
        (None, Some(_)) => ("people-waiting", "warn"),
        (None, None) => ("people-open", "good"),
    };
    Line {
        name: person.name.to_string(),
        title: person.title.clone(),
        duties: person.grants.iter().map(|grant| said(w, grant)).collect(),
        state: w.t(key),
        tag,
        factor: person.second_factor,
    }
}

async fn list(here: Here) -> Answer {
    let people = here.office().people().await?;
    let people = people.iter().map(|person| line(&here, person)).collect();
    let c = Chrome::of(&here, here.w().t("people-title")).sub(here.w().t("people-sub"));
    page(&ListPage { c, people, may_add: here.may(Right::SetPeople) })
}

/// Roles and scopes to choose from.
async fn choices(here: &Here) -> Result<(Vec<Choice>, Vec<Choice>), OfficeError> {
    let w = here.w();
    let roles = Role::ALL.iter().map(|role| Choice { value: role.to_string(), words: role_name(w, *role) });
    let places = here.office().site_places().await?;
    let mut scopes = vec![Scope::Province];
    let regencies: std::collections::BTreeSet<_> = places.iter().map(|place| place.regency.clone()).collect();
    let agencies: std::collections::BTreeSet<_> = places.iter().map(|place| place.agency.clone()).collect();
    scopes.extend(regencies.into_iter().map(Scope::Regency));
    scopes.extend(agencies.into_iter().map(Scope::Agency));
    scopes.extend(places.into_iter().map(|place| Scope::Site(place.site)));
    let scopes = scopes.iter().map(|one| Choice { value: one.to_string(), words: scope_name(w, one) });
    Ok((roles.collect(), scopes.collect()))
}

fn empty_duties() -> impl Iterator<Item = Duty> {
    std::iter::repeat_with(|| Duty { role: String::new(), scope: "province".to_owned() }).take(MORE)
}

/// What was typed, to be shown again.
fn typed(fields: &Fields, name: &str) -> Form {
    let pairs = fields.all("peran").zip(fields.all("cakupan"));
    let duties = pairs.map(|(role, scope)| Duty { role: role.to_owned(), scope: scope.to_owned() });
    Form {
        name: name.to_owned(),
        title: fields.get("sebutan").to_owned(),
        lang: fields.get("bahasa").to_owned(),
        subject: fields.get("sso").to_owned(),
        duties: duties.collect(),
        reason: fields.get("alasan").to_owned(),
    }
}

/// The duties that were chosen; a line without a role is none.
fn chosen(form: &Form) -> Result<Vec<Grant>, Oops> {
    let grant = |duty: &Duty| -> Result<Grant, Oops> {
        let role = duty.role.parse().map_err(|_| Oops::Stale)?;
        let scope = duty.scope.parse().map_err(|_| Oops::Stale)?;
        Ok(Grant { role, scope })
    };
    let mut all = form.duties.iter().filter(|duty| !duty.role.is_empty()).map(grant).collect::<Result<Vec<_>, _>>()?;
    all.sort();
    all.dedup();
    Ok(all)
}

async fn new_page(here: &Here, form: Form, wrong: Vec<String>) -> Result<NewPage, Oops> {
    let (roles, scopes) = choices(here).await?;
    let c = Chrome::of(here, here.w().t("people-new")).up("/orang", here.w().t("people-title"));
    Ok(NewPage { c, wrong, form, roles, scopes })
}

async fn new(here: Here) -> Answer {
    let form = Form {
        name: String::new(),
        title: String::new(),
        lang: "id".to_owned(),
        subject: String::new(),
        duties: empty_duties().collect(),
        reason: String::new(),
    };
    page(&new_page(&here, form, Vec::new()).await?)
}

async fn add(here: Here, Posted(fields): Posted) -> Answer {
    let form = typed(&fields, fields.get("nama"));
    let grants = chosen(&form)?;
    let named = StaffName::typed(&form.name);
    // A name that is none is told beside all that is wrong with the rest.
    let Ok(name) = named else {
        let wrong = problems(here.w(), &[StaffProblem::Name]);
        return again(&new_page(&here, form, wrong).await?);
    };
    let order = order(name.clone(), &form, grants);
    match here.office().add_person(&order, None, &here.actor(&form.reason)).await {
        Ok(added) => password_page(&here, &name, &added),
        Err(OfficeError::Staff(wrong)) => {
            let wrong = problems(here.w(), &wrong);
            again(&new_page(&here, form, wrong).await?)
        }
        Err(error) => Err(error.into()),
    }
}

fn order(name: StaffName, form: &Form, grants: Vec<Grant>) -> PersonOrder {
    let (title, lang) = (form.title.clone(), form.lang.clone());
    PersonOrder { name, title, lang, grants, subject: Some(form.subject.clone()) }
}

/// The password that was made, once.
fn password_page(here: &Here, name: &StaffName, added: &PersonAdded) -> Answer {
    let c = Chrome::of(here, here.w().t("people-password")).up("/orang", here.w().t("people-title"));
    let password = added.password.as_ref().map(|password| password.expose().clone()).unwrap_or_default();
    let until = added.until.map(|until| here.say().when(until)).unwrap_or_default();
    page(&PasswordPage { c, name: name.to_string(), password, until })
}

fn named(text: &str) -> Result<StaffName, Oops> {
    text.parse().map_err(|_| Oops::NotFound)
}

async fn one(here: Here, Path(name): Path<String>) -> Answer {
    let person = here.office().person(&named(&name)?, &here.actor("")).await?;
    let c = Chrome::of(&here, person.name.to_string()).up("/orang", here.w().t("people-title"));
    let own = here.person.as_ref().is_some_and(|me| me.name == person.name.as_str());
    let may_change = here.may(Right::SetPeople) && person.closed.is_none() && !own;
    let (since, closed) = (here.say().when(person.made), person.closed.map(|closed| here.say().when(closed)));
    page(&OnePage { c, person: line(&here, &person), since, closed, subject: person.subject, may_change })
}

async fn edit_page(here: &Here, form: Form, factor: bool, wrong: Vec<String>) -> Result<EditPage, Oops> {
    let (roles, scopes) = choices(here).await?;
    let c = Chrome::of(here, here.w().t("people-edit")).up(format!("/orang/{}", form.name), form.name.clone());
    Ok(EditPage { c, wrong, form, roles, scopes, factor })
}

async fn edit(here: Here, Path(name): Path<String>) -> Answer {
    let person = here.office().person(&named(&name)?, &here.actor("")).await?;
    if person.closed.is_some() {
        return Err(Oops::NotFound);
    }
    let held = person.grants.iter().map(|one| Duty { role: one.role.to_string(), scope: one.scope.to_string() });
    let form = Form {
        name,
        title: person.title,
        lang: person.lang,
        subject: person.subject.unwrap_or_default(),
        duties: held.chain(empty_duties()).collect(),
        reason: String::new(),
    };
    page(&edit_page(&here, form, person.second_factor, Vec::new()).await?)
}

async fn change(here: Here, Path(text): Path<String>, Posted(fields): Posted) -> Answer {
    let name = named(&text)?;
    let form = typed(&fields, &text);
    let who = here.actor(&form.reason);
    let office = here.office();
    let back = format!("/orang/{name}");
    let done = match fields.get("apa") {
        "data" => office.change_person(&order(name.clone(), &form, Vec::new()), &who).await.map(|()| "people-saved"),
        "tugas" => office.set_grants(&name, &chosen(&form)?, &who).await.map(|()| "people-granted"),
        "faktor" => office.reset_totp(&name, &who).await.map(|()| "people-factor-gone"),
        "tutup" => office.close_person(&name, &who).await.map(|()| "people-gone"),
        "sandi" => match office.reset_password(&name, &who).await {
            Ok(added) => return password_page(&here, &name, &added),
            Err(error) => Err(error),
        },
        _ => return Err(Oops::Stale),
    };
    match done {
        Ok(news) => Ok(to(&back, news)),
        Err(OfficeError::Staff(wrong)) => {
            let person = office.person(&name, &who).await?;
            let kept = |one: &Grant| Duty { role: one.role.to_string(), scope: one.scope.to_string() };
            // Each form of the page sends its own fields: the others are as they stand.
            let held = || person.grants.iter().map(kept).chain(empty_duties()).collect();
            let form = if fields.get("apa") == "data" {
                Form { duties: held(), ..form }
            } else {
                let duties = if form.duties.is_empty() { held() } else { form.duties };
                let subject = person.subject.unwrap_or_default();
                Form { title: person.title, lang: person.lang, subject, duties, ..form }
            };
            let wrong = problems(here.w(), &wrong);
            again(&edit_page(&here, form, person.second_factor, wrong).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// This room's pages, to be looked at.
#[cfg(test)]
pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = |key: &str| frame("/orang", key);
    let w = c("people-title").w;
    let line = |name: &str, duties: &[&str], key: &str, tag, factor| Line {
        name: name.to_owned(),
        title: w.t("staff-role-clerk"),
        duties: duties.iter().map(|text| (*text).to_owned()).collect(),
        state: w.t(key),
        tag,
        factor,
    };
    let admin = said(w, &Grant { role: Role::NetworkAdmin, scope: Scope::Province });
    let clerk = said(w, &Grant { role: Role::Clerk, scope: Scope::Agency("Diskominfo Sinjai".to_owned()) });
    let people = vec![
        line("andi.rahmawati", &[&admin], "people-open", "good", true),
        line("loket.utara", &[&clerk], "people-waiting", "warn", false),
        line("loket.lama", &[], "people-closed", "off", false),
    ];
    let form = || Form {
        name: "loket.utara".to_owned(),
        title: w.t("staff-role-clerk"),
        lang: "id".to_owned(),
        subject: String::new(),
        duties: std::iter::once(Duty { role: "clerk".to_owned(), scope: "site:galeri".to_owned() })
            .chain(empty_duties())
            .collect(),
        reason: String::new(),
    };
    let roles: Vec<Choice> =
        Role::ALL.iter().map(|role| Choice { value: role.to_string(), words: role_name(w, *role) }).collect();
    let scopes: Vec<Choice> = [Scope::Province, Scope::Regency("Sinjai".to_owned())]
        .iter()
        .map(|one| Choice { value: one.to_string(), words: scope_name(w, one) })
        .collect();
    let wrong = problems(w, &[StaffProblem::NameTaken, StaffProblem::LastAdministrator]);
    let one = OnePage {
        c: frame("/orang/loket.utara", "people-title"),
        person: line("loket.utara", &[&clerk], "people-open", "good", true),
        since: "20 November 2026, 20.14 WITA".to_owned(),
        closed: None,
        subject: Some("198501012010011001".to_owned()),
        may_change: true,
    };
    let edit = EditPage {
        c: c("people-edit"),
        wrong: wrong.clone(),
        form: form(),
        roles: roles.clone(),
        scopes: scopes.clone(),
        factor: true,
    };
    let password = PasswordPage {
        c: c("people-password"),
        name: "loket.utara".to_owned(),
        password: "7kqm-29qd-ab3x-zz4p".to_owned(),
        until: "27 November 2026, 20.14 WITA".to_owned(),
    };
    vec![
        Sample::of("people", &ListPage { c: c("people-title"), people, may_add: true }),
        Sample::of("person-new", &NewPage { c: c("people-new"), wrong, form: form(), roles, scopes }),
        Sample::of("person", &one),
        Sample::of("person-edit", &edit),
        Sample::of("person-password", &password),
    ]
}

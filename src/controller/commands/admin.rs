//! `admin`: people, by whoever sits at the machine. The first administrator is made here; there is no password to begin with.

use clap::Subcommand;
use gapura_model::Secret;
use gapura_runtime::read_hidden;

use super::output::Output;
use super::{CommandError, Desk};
use crate::office::{Person, PersonAdded, PersonOrder};
use crate::rights::{Grant, Role, Scope};
use crate::staff::{Enrolment, StaffName, StaffProblem};

/// `gapura controller admin ...`
#[derive(Clone, Debug, Subcommand)]
pub enum AdminCommand {
    /// Add somebody; the password is typed twice, or read from standard input, never an argument.
    #[command(
        after_help = "Example:\n  gapura controller admin create --name andi.rahmawati --title \"Pengelola jaringan\"\n  gapura controller admin create --name loket.utara --title \"Petugas loket\" --role clerk@site:galeri-utara"
    )]
    Create {
        /// The name they sign in with.
        #[arg(long)]
        name: StaffName,
        /// What others see.
        #[arg(long)]
        title: String,
        /// A role, and where it holds: ROLE or ROLE@SCOPE; may stand several times.
        #[arg(long, default_value = "network-admin", value_name = "ROLE", value_parser = grant)]
        role: Vec<Grant>,
        /// The language of their pages.
        #[arg(long, default_value = "id", value_parser = ["id", "en"])]
        lang: String,
        /// Who they are at the identity provider.
        #[arg(long)]
        subject: Option<String>,
        /// Make a password that is replaced at the first sign-in, instead of asking for one.
        #[arg(long)]
        temporary: bool,
    },
    /// List all people and what they may do.
    #[command(after_help = "Example:\n  gapura controller admin list --json")]
    List,
    /// Close somebody's account.
    #[command(after_help = "Example:\n  gapura controller admin close loket.utara --reason pindah")]
    Close {
        /// Whose.
        name: StaffName,
    },
    /// Make a new password that is replaced at the next sign-in.
    #[command(after_help = "Example:\n  gapura controller admin reset-password loket.utara")]
    ResetPassword {
        /// Whose.
        name: StaffName,
    },
    /// Take a lost second factor away.
    #[command(after_help = "Example:\n  gapura controller admin reset-totp andi.rahmawati --reason \"telepon hilang\"")]
    ResetTotp {
        /// Whose.
        name: StaffName,
    },
    /// Give a role.
    #[command(after_help = "Example:\n  gapura controller admin grant loket.utara helpdesk@site:galeri-utara")]
    Grant {
        /// To whom.
        name: StaffName,
        /// ROLE or ROLE@SCOPE.
        #[arg(value_parser = grant)]
        role: Grant,
    },
    /// Take a role back.
    #[command(after_help = "Example:\n  gapura controller admin ungrant loket.utara clerk@site:galeri-utara")]
    Ungrant {
        /// From whom.
        name: StaffName,
        /// ROLE or ROLE@SCOPE.
        #[arg(value_parser = grant)]
        role: Grant,
    },
}

/// `network-admin` or `clerk@site:galeri-utara`; without a scope, everywhere.
fn grant(text: &str) -> Result<Grant, String> {
    let (role, scope) = text.split_once('@').unwrap_or((text, "province"));
    let role: Role = role.parse().map_err(|error: crate::rights::ParseRoleError| error.to_string())?;
    let scope: Scope = scope.parse().map_err(|error: crate::rights::ParseScopeError| error.to_string())?;
    Ok(Grant { role, scope })
}

pub(super) async fn admin(command: &AdminCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        AdminCommand::Create { name, title, role, lang, subject, temporary } => {
            let password = if *temporary { None } else { Some(password()?) };
            let (name, title, lang) = (name.clone(), title.clone(), lang.clone());
            let order = PersonOrder { name, title, lang, grants: role.clone(), subject: subject.clone() };
            let added = desk.office.add_person(&order, password, &desk.who).await?;
            // Who has a password of their own sits here, and scans the second factor now; others set it up at the first sign-in.
            let enrol = added.password.is_none() && role.iter().any(|grant| grant.role.needs_second_factor());
            let given = if enrol { Some(desk.office.give_totp(&order.name, &desk.who).await?) } else { None };
            tell_added(&order.name, &added, given.as_ref(), out)
        }
        AdminCommand::List => {
            let people = desk.office.people().await?;
            let json: Vec<_> = people.iter().map(described).collect();
            let rows: Vec<_> = people.into_iter().map(line).collect();
            out.table(&json, ["name", "title", "state", "second factor", "roles"], &rows)
        }
        AdminCommand::Close { name } => {
            desk.office.close_person(name, &desk.who).await?;
            out.value(&serde_json::json!({ "closed": name }), &format!("{name} is closed and signed out"))
        }
        AdminCommand::ResetPassword { name } => {
            let added = desk.office.reset_password(name, &desk.who).await?;
            tell_added(name, &added, None, out)
        }
        AdminCommand::ResetTotp { name } => {
            desk.office.reset_totp(name, &desk.who).await?;
            let text = format!("{name} has no second factor any more and is signed out");
            out.value(&serde_json::json!({ "reset": name }), &text)
        }
        AdminCommand::Grant { name, role } => {
            desk.office.grant(name, role, &desk.who).await?;
            let text = format!("{name} is {} in {}", role.role, role.scope);
            out.value(&serde_json::json!({ "name": name, "granted": role }), &text)
        }
        AdminCommand::Ungrant { name, role } => {
            desk.office.ungrant(name, role, &desk.who).await?;
            let text = format!("{name} is not {} in {} any more", role.role, role.scope);
            out.value(&serde_json::json!({ "name": name, "taken": role }), &text)
        }
    }
}

fn tell_added(
    name: &StaffName,
    added: &PersonAdded,
    given: Option<&(Enrolment, Vec<Secret<String>>)>,
    out: &mut Output<'_>,
) -> Result<(), CommandError> {
    let mut lines = vec![format!("{name} can sign in")];
    let made = added.password.as_ref().map(|password| password.expose().as_str());
    if let (Some(password), Some(until)) = (made, added.until) {
        lines.push(format!("with the password {password} until {until}, and then chooses another"));
    }
    let codes = |codes: &[Secret<String>]| codes.iter().map(|code| code.expose().clone()).collect::<Vec<_>>();
    if let Some((enrolment, recovery)) = given {
        lines.push("Scan this with the application for second factors, or type the secret:".to_owned());
        lines.push(enrolment.for_terminal());
        lines.push(format!("secret  {}", enrolment.groups));
        lines.push("Codes for the day the telephone is lost, each good once; write them down now:".to_owned());
        lines.push(codes(recovery).join("\n"));
    }
    let json = serde_json::json!({
        "name": name, "password": made, "until": added.until,
        "totp": given.map(|(enrolment, _)| &enrolment.address), "recovery": given.map(|(_, all)| codes(all)),
    });
    out.value(&json, &lines.join("\n"))
}

fn described(person: &Person) -> serde_json::Value {
    serde_json::json!({
        "name": person.name, "title": person.title, "lang": person.lang, "grants": person.grants,
        "second_factor": person.second_factor, "temporary_until": person.temporary_until, "subject": person.subject,
        "made": person.made, "closed": person.closed,
    })
}

fn line(person: Person) -> [String; 5] {
    let state = if person.closed.is_some() {
        "closed"
    } else if person.temporary_until.is_some() {
        "has yet to sign in"
    } else {
        "open"
    };
    let factor = if person.second_factor { "yes" } else { "no" };
    let roles: Vec<String> = person.grants.iter().map(|grant| format!("{}@{}", grant.role, grant.scope)).collect();
    [person.name.to_string(), person.title, state.to_owned(), factor.to_owned(), roles.join(" ")]
}

/// Typed twice and unseen, or the first line of standard input.
fn password() -> Result<Secret<String>, CommandError> {
    use std::io::IsTerminal as _;
    let failed = |source| CommandError::Io { what: "read the password", source };
    let first = read_hidden("Password (12 characters or more): ").map_err(failed)?;
    if std::io::stdin().is_terminal() && read_hidden("The same once more: ").map_err(failed)? != first {
        return Err(crate::office::OfficeError::Staff(vec![StaffProblem::PasswordsDiffer]).into());
    }
    Ok(first)
}

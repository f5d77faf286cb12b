//! The console of the lab's controller, and somebody of each role to sign in there.

use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;

use serde_json::Value;

use super::Site;
use crate::screen::Screen;
use crate::{LabError, addr, config};

/// How to sign in as one role; made for this lab, and gone with it.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The role, as in `gapura controller admin`.
    pub role: &'static str,
    /// The user name.
    pub name: String,
    /// The password.
    pub password: String,
    /// The secret of the second factor (base 32, RFC 6238), where the role needs one.
    pub secret: Option<String>,
}

/// Each role with a name and a title, and whether it holds at the lab's site alone.
const PEOPLE: [(&str, &str, &str, Where); 9] = [
    ("clerk", "loket", "Petugas loket", Where::Site),
    ("helpdesk", "petugas", "Petugas galeri", Where::Site),
    ("site-head", "kepala.galeri", "Kepala galeri", Where::Site),
    ("agency-officer", "instansi", "Petugas instansi", Where::Agency),
    ("sop-editor", "penyusun", "Penyusun SOP", Where::Everywhere),
    ("sop-approver", "penyetuju", "Penyetuju SOP", Where::Everywhere),
    ("network-admin", "pengelola", "Pengelola jaringan", Where::Everywhere),
    ("investigator", "penelusur", "Petugas penelusuran", Where::Everywhere),
    ("auditor", "pemeriksa", "Pemeriksa", Where::Everywhere),
];

#[derive(Clone, Copy)]
enum Where {
    Everywhere,
    Agency,
    Site,
}

impl Site {
    /// Opens a door on 127.0.0.1:`port` (0 = any) to the console; what to open in a browser.
    pub fn console(&mut self, port: u16) -> Result<String, LabError> {
        let to = SocketAddr::from((addr::CTL.far4, config::CONSOLE_PORT));
        let pipe = Screen::pipe(self.lab.ctl(), to, port)?;
        let url = pipe.url().replace("http:", "https:");
        self.lab.publish("console", url.clone())?;
        self.screens.push(pipe);
        Ok(url)
    }

    /// Adds somebody of each role.
    pub fn sign_ins(&self) -> Result<Vec<SignIn>, LabError> {
        PEOPLE.iter().map(|person| self.sign_in(person)).collect()
    }

    fn sign_in(&self, (role, name, title, place): &(&'static str, &str, &str, Where)) -> Result<SignIn, LabError> {
        let password = password()?;
        let grant = match place {
            Where::Everywhere => (*role).to_owned(),
            Where::Agency => format!("{role}@agency:{}", config::AGENCY),
            Where::Site => format!("{role}@site:{}", config::SITE),
        };
        let office = self.office.as_ref().ok_or_else(|| LabError::Wrong("this lab has no controller".into()))?;
        let arguments = ["admin", "create", "--name", name, "--title", title, "--role", &grant];
        let made = office.desk().tell(&arguments, &format!("{password}\n"))?;
        let secret = made.get("totp").and_then(Value::as_str).and_then(secret_of).map(str::to_owned);
        Ok(SignIn { role, name: (*name).to_owned(), password, secret })
    }
}

/// The secret in an `otpauth:` address.
fn secret_of(address: &str) -> Option<&str> {
    address.split(['?', '&']).find_map(|part| part.strip_prefix("secret="))
}

/// 80 random bits in four words of four letters.
fn password() -> Result<String, LabError> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut octets = [0; 16];
    File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut octets))
        .map_err(LabError::io("draw a password"))?;
    let letter = |octet: &u8| LETTERS.get(usize::from(octet % 32)).copied().map_or('2', char::from);
    let words: Vec<String> = octets.chunks(4).map(|four| four.iter().map(letter).collect()).collect();
    Ok(words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_its_address() {
        let address = "otpauth://totp/Gapura:ani?secret=ABC234&issuer=Gapura";
        assert_eq!((secret_of(address), secret_of("otpauth://totp/x")), (Some("ABC234"), None));
    }

    #[test]
    fn passwords_are_long_and_differ() {
        let (one, two) = (password().unwrap(), password().unwrap());
        assert!(one.len() == 19 && one != two);
    }
}

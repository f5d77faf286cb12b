//! `gapura demo`.

use std::process::ExitCode;

use clap::Args;

use super::{enter_or_again, exit, own_program, say};
use crate::config::SiteWish;
use crate::daemon::{SignIn, Site};
use crate::lists::GAMBLING;
use crate::story::{Sabotage, Story, Told};
use crate::{DhcpClient, Lab, LabError, LabName, LabSpec, signal};

/// Fewest visitors the story needs.
const CAST: u16 = 5;

/// Plays a service site on this machine: controller, gateway and visitors in network namespaces.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gapura demo                open the two addresses it prints; Ctrl-C ends it\n  gapura demo --once         plays the story and says what was measured; exit 0 only if all of it held"
)]
pub struct DemoArgs {
    /// Play the story once and end.
    #[arg(long)]
    once: bool,
    /// How many visitors (the story needs 5).
    #[arg(long, default_value_t = CAST)]
    visitors: u16,
    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
    /// Break one thing on purpose: the story must then fail.
    #[arg(long, value_enum, requires = "once")]
    sabotage: Option<Sabotage>,
    /// Port of 127.0.0.1 for the console; 0 = any.
    #[arg(long, default_value_t = 0)]
    console_port: u16,
    /// Port of 127.0.0.1 for the visitor's screen; 0 = any.
    #[arg(long, default_value_t = 0)]
    screen_port: u16,
    #[arg(long, hide = true)]
    inside: bool,
}

impl DemoArgs {
    /// Plays; exit code 0 only if everything held.
    pub fn run(self) -> ExitCode {
        exit(self.play())
    }

    fn play(&self) -> Result<ExitCode, LabError> {
        let room = enter_or_again(self.inside)?;
        signal::watch();
        let name: LabName = format!("demo-{}", std::process::id()).parse()?;
        let visitors = self.visitors.max(if self.once { CAST } else { 1 });
        let mut spec = LabSpec::new(name, visitors);
        spec.clients = vec![DhcpClient::Udhcpc, DhcpClient::Dhclient];
        let lab = Lab::up(room, spec)?;
        let broken = |what| self.sabotage == Some(what);
        let mut wish = SiteWish {
            quota_is_missing: broken(Sabotage::Quota),
            packs: !broken(Sabotage::Filter),
            // The story is about one site; whoever looks at the console sees a regency.
            // The made-up regency has SOPs in force.
            regency: !self.once && !broken(Sabotage::Filter),
            ..SiteWish::default()
        };
        if self.once {
            // Where the kernel knows owners nobody can flush the gate's table: the story's repair would prove nothing.
            wish.gateway_lines = "without = [\"owner\", \"persist\"]\n".into();
        }
        let mut site = Site::start(lab, &own_program()?, &wish)?;
        if self.once {
            return Ok(self.tell(site));
        }
        let first = site.lab_mut().visitor_mut(1)?;
        first.join(std::time::Duration::from_secs(15))?;
        let screen = site.screen(1, self.screen_port)?.url();
        let console = site.console(self.console_port)?;
        let people = site.sign_ins()?;
        let blocked = format!("{screen}situs?alamat={GAMBLING}");
        if self.json {
            let doors = serde_json::json!({
                "visitor": screen, "blocked": blocked, "controller": site.controller_url(), "console": console,
                "people": people.iter().map(described).collect::<Vec<_>>(),
            });
            say(&doors.to_string());
        } else {
            say(&format!("A visitor's screen:  {screen}"));
            say(&format!("A blocked site:      {blocked}"));
            say(&format!("The controller:      {}", site.controller_url().unwrap_or("not running")));
            say(&format!("The staff's console: {console}   (its certificate is the lab's own)"));
            say("Signing in there, for this demo only:");
            for one in &people {
                let code = one.secret.as_ref().map_or_else(String::new, |secret| format!("   second factor {secret}"));
                say(&format!("  {:<15} {:<14} {}{code}", one.role, one.name, one.password));
            }
            say("A voucher to try:    ");
            for voucher in site.vouchers().iter().take(3) {
                say(&format!("                     {voucher}"));
            }
            say("Ctrl-C ends it and leaves nothing behind.");
        }
        super::stand::wait_to_stop();
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self, site: Site) -> ExitCode {
        let mut story = Story::new(site, self.sabotage);
        let mut broken = None;
        let total = story.len();
        for told in &mut story {
            say(&if self.json { told.json() } else { told.line() });
            if let Told { held: false, name, .. } = &told {
                broken = Some(name.clone());
                break;
            }
        }
        match broken {
            None => {
                if !self.json {
                    say(&format!("all {total} steps held, {:.1} s", story.elapsed().as_secs_f64()));
                }
                ExitCode::SUCCESS
            }
            Some(name) => {
                if !self.json {
                    say(&format!("the story broke at: {name}"));
                    say(&format!("the gateway's last words:\n{}", story.last_words()));
                }
                ExitCode::from(1)
            }
        }
    }
}

fn described(one: &SignIn) -> serde_json::Value {
    serde_json::json!({ "role": one.role, "name": one.name, "password": one.password, "totp_secret": one.secret })
}

//! A day's requests for help and appeals at one site, with what became of each up to now.

use gapura_model::Reference;
use gapura_rules::hours::Hours;
use gapura_store::{AppealRow, RequestRow, StepRow, Tx, millis, timestamp};
use gapura_wire::{HelpState, HelpTopic};

use super::content::{APPEALS, ASKED, FORWARDED};
use super::draw::Draw;
use super::log::Log;
use super::people::{helper, officer};
use super::regency::{AGENCIES, Place};
use crate::due::{due, due_at_agency};
use crate::office::OfficeError;

/// A site whose visitors ask.
#[derive(Clone, Copy)]
pub(super) struct Askers<'a> {
    pub(super) place: &'a Place,
    pub(super) gateway: &'a str,
    pub(super) hours: &'a Hours,
    /// Nothing happened after this, ms.
    pub(super) now: i64,
}

/// A request with its history, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    row: RequestRow,
    steps: Vec<StepRow>,
    appeal: Option<AppealRow>,
}

impl Askers<'_> {
    /// Keeps what was asked on the day that begins at `midnight` (ms); how many requests.
    pub(super) async fn day(
        &self,
        tx: &mut Tx,
        midnight: i64,
        draw: &mut Draw,
        log: &mut Log,
    ) -> Result<u64, OfficeError> {
        // 24 requests on a day of the regency, in proportion to the site's visits.
        let tenths = u64::from(self.place.weight) * 24 / 100;
        let count = tenths / 10 + u64::from(draw.below(10) < tenths % 10);
        let mut kept = 0;
        for _ in 0..count {
            let received = midnight + as_i64(draw.between(7 * 3_600_000, 22 * 3_600_000));
            let Some(asked) = self.asked(received, draw).filter(|_| received < self.now) else { continue };
            let shown = asked.row.reference.parse::<Reference>().map(|it| it.to_string()).unwrap_or_default();
            if let Some(appeal) = &asked.appeal {
                tx.add_appeal(appeal).await?;
            }
            tx.add_request(&asked.row).await?;
            for step in &asked.steps {
                tx.add_step(step).await?;
                if let Some(action) = action(&step.kind) {
                    log.note((step.at, &step.actor), action, format!("request/{shown}"), ("", &step.kind));
                }
            }
            kept += 1;
        }
        Ok(kept)
    }

    fn asked(&self, received: i64, draw: &mut Draw) -> Option<Asked> {
        let reference = Reference::from_random(&[draw.octets(), draw.octets(), draw.octets()].concat())?;
        let appeal = draw.below(8) == 0;
        let index = usize::try_from(draw.below(ASKED.len() as u64)).unwrap_or_default();
        let (topic, words, told) = *ASKED.get(index)?;
        let (topic, origin) = match (appeal, draw.below(10)) {
            (true, _) => (HelpTopic::Blocked, "appeal"),
            (false, 0) => (topic, "counter"),
            (false, 1) => (topic, "telephone"),
            (false, _) => (topic, "portal"),
        };
        let typed = matches!(origin, "counter" | "telephone");
        let contact = (draw.below(3) == 0).then(|| format!("0812-5550-{:04}", draw.below(10_000)));
        let row = RequestRow {
            site: self.place.id.to_owned(),
            reference: reference.as_str().to_owned(),
            gateway: if typed { String::new() } else { self.gateway.to_owned() },
            origin: origin.to_owned(),
            topic: topic.as_str().to_owned(),
            about: String::new(),
            words: if appeal { String::new() } else { words.to_owned() },
            contact: contact.clone().filter(|_| !appeal),
            visit: None,
            explanation: String::new(),
            state: HelpState::Received.as_str().to_owned(),
            holder: String::new(),
            desk: "helpdesk".to_owned(),
            agency: String::new(),
            level: 0,
            made: received,
            received,
            due: millis(due(topic, self.hours, timestamp(received))),
            changed: received,
            settled: None,
            total: 1,
        };
        let appeal = if appeal { Some(self.appeal(&row, contact, draw)?) } else { None };
        let mut asked = Asked { row, steps: Vec::new(), appeal };
        let who = helper(self.place);
        let (kind, actor) = if typed { ("recorded", who.as_str()) } else { ("filed", "gapura") };
        asked.step(kind, (received, actor, ""), "");
        self.work(&mut asked, told, draw);
        Some(asked)
    }

    fn appeal(&self, row: &RequestRow, contact: Option<String>, draw: &mut Draw) -> Option<AppealRow> {
        let (subject, why) = *APPEALS.get(usize::try_from(draw.below(APPEALS.len() as u64)).unwrap_or_default())?;
        Some(AppealRow {
            site: row.site.clone(),
            reference: row.reference.clone(),
            gateway: self.gateway.to_owned(),
            subject: subject.to_owned(),
            why: why.to_owned(),
            contact,
            sop: Some("NASIONAL-TRUSTPOSITIF".to_owned()),
            sop_revision: Some(1),
            clause: Some(draw.between(1, 4).to_string()),
            explanation: String::new(),
            made: row.made,
            received: row.received,
            verdict: None,
            words: String::new(),
            decided_by: None,
            decided: None,
            until: None,
        })
    }

    /// What staff did with it, as far as it has happened.
    fn work(&self, asked: &mut Asked, told: &str, draw: &mut Draw) {
        let who = helper(self.place);
        let mut at = asked.row.received + as_i64(draw.between(4, 50)) * 60_000;
        let fate = draw.below(100);
        let (answer, agency) = (as_i64(draw.between(5, 200)) * 60_000, draw.below(AGENCIES.len() as u64));
        let days = as_i64(draw.between(4, 60)) * 3_600_000;
        // A few lie longer than they should.
        if fate >= 97 {
            at += 5 * 86_400_000;
        }
        if at >= self.now {
            return;
        }
        asked.row.holder.clone_from(&who);
        asked.turn(HelpState::InWork, "helpdesk", at);
        asked.step("taken", (at, &who, ""), "");
        at += answer;
        if at >= self.now {
            return;
        }
        if let Some(appeal) = &mut asked.appeal {
            let accepted = fate < 40;
            let (verdict, kind) = if accepted { ("accepted", "granted") } else { ("rejected", "denied") };
            let words = if accepted {
                "Situs ini kami buka untuk sementara sampai SOP diperbarui."
            } else {
                "Situs ini termasuk yang dilarang. Blokir tetap berlaku."
            };
            let (by, decided) = (Some(who.clone()), Some(at));
            *appeal = AppealRow {
                verdict: Some(verdict.to_owned()),
                words: words.to_owned(),
                decided_by: by,
                decided,
                ..appeal.clone()
            };
            asked.settle(HelpState::Answered, at);
            asked.step(kind, (at, &who, words), "");
        } else if fate < 12 {
            let agency = usize::try_from(agency).unwrap_or_default();
            let name = AGENCIES.get(agency).copied().unwrap_or_default();
            asked.turn(HelpState::Forwarded, "agency", at);
            name.clone_into(&mut asked.row.agency);
            asked.row.due = millis(due_at_agency(self.hours, timestamp(at)));
            asked.step("forwarded", (at, &who, FORWARDED), name);
            at += days;
            if at < self.now {
                asked.settle(HelpState::Answered, at);
                asked.step("answered", (at, &officer(agency), told), name);
            }
        } else {
            let state = if fate < 50 { HelpState::Answered } else { HelpState::Closed };
            asked.settle(state, at);
            asked.step("answered", (at, &who, told), "");
            if state == HelpState::Closed {
                asked.step("closed", (at, &who, ""), "");
            }
        }
    }
}

impl Asked {
    fn step(&mut self, kind: &str, (at, actor, words): (i64, &str, &str), agency: &str) {
        self.steps.push(StepRow {
            site: self.row.site.clone(),
            reference: self.row.reference.clone(),
            event: 0,
            at,
            kind: kind.to_owned(),
            actor: actor.to_owned(),
            agency: agency.to_owned(),
            words: words.to_owned(),
        });
    }

    fn turn(&mut self, state: HelpState, desk: &str, at: i64) {
        state.as_str().clone_into(&mut self.row.state);
        desk.clone_into(&mut self.row.desk);
        self.row.changed = at;
    }

    fn settle(&mut self, state: HelpState, at: i64) {
        self.turn(state, "helpdesk", at);
        self.row.settled = Some(at);
    }
}

/// What stands in the audit log for a step.
fn action(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "recorded" => "request-add",
        "taken" => "request-take",
        "answered" => "request-answer",
        "forwarded" => "request-forward",
        "granted" | "denied" => "appeal-decide",
        _ => return None,
    })
}

fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::regency::PLACES;
    use super::*;

    #[test]
    fn requests_stand_in_every_state_and_nothing_lies_ahead() {
        let week =
            format!("{{\"zone\":\"Asia/Makassar\",\"weekly\":{}}}", r#"{"mon":["08.00-22.00"],"tue":["08.00-22.00"]}"#);
        let hours: Hours = serde_json::from_str(&week).unwrap();
        let now = "2026-11-17T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let askers = Askers { place: &PLACES[0], gateway: "gw", hours: &hours, now };
        let mut draw = Draw::new(5);
        let all: Vec<Asked> = (0..3000_i64).filter_map(|hour| askers.asked(now - hour * 60_000, &mut draw)).collect();
        let states: BTreeSet<&str> = all.iter().map(|asked| asked.row.state.as_str()).collect();
        assert_eq!(states.len(), HelpState::ALL.len(), "{states:?}");
        for asked in &all {
            assert!(asked.steps.iter().all(|step| step.at <= now) && asked.row.changed <= now);
            let open = HelpState::named(&asked.row.state).unwrap().is_open();
            assert_eq!(open, asked.row.settled.is_none());
            assert_eq!(asked.row.desk == "agency", asked.row.state == HelpState::Forwarded.as_str());
        }
        assert!(all.iter().any(|asked| asked.row.settled.is_none() && asked.row.due < now), "some are overdue");
    }
}

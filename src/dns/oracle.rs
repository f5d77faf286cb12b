//! A second opinion on every message: hickory-proto reads what we read, and reads what we write.

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;

use hickory_proto::op::{Edns, Message, OpCode, Query as TheirQuery, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, NULL, SOA, TXT};
use hickory_proto::rr::{Name as TheirName, RData, Record, RecordType};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::config::Memory;
use crate::filter::{Blocked, How};
use crate::garden::addresses;
use crate::hooks::OwnAddresses;
use crate::leads::{Lead, leads};
use crate::message::rcode;
use crate::query::{Query, Unusable};
use crate::refusal;
use crate::reply::{self, Age};
use crate::stored::Stored;
use gapura_model::Name;

fn name() -> impl Strategy<Value = TheirName> {
    vec("[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,10}[a-zA-Z0-9_])?", 1..5)
        .prop_map(|labels| format!("{}.", labels.join(".")).parse().unwrap())
}

/// A few names that meet often, so that chains and owners coincide.
fn near_name() -> impl Strategy<Value = TheirName> {
    prop::sample::select(vec!["a.example.id.", "A.EXAMPLE.id.", "b.example.id.", "cdn.net.", "example.id.", "."])
        .prop_map(|name| name.parse().unwrap())
}

fn rtype() -> impl Strategy<Value = RecordType> {
    prop::sample::select(vec![1, 2, 5, 6, 15, 16, 28, 33, 43, 64, 65, 257, 65280]).prop_map(RecordType::from)
}

fn data() -> impl Strategy<Value = RData> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|octets| RData::A(A(octets.into()))),
        any::<[u8; 16]>().prop_map(|octets| RData::AAAA(AAAA(octets.into()))),
        near_name().prop_map(|name| RData::CNAME(CNAME(name))),
        "[ -~]{0,200}".prop_map(|text| RData::TXT(TXT::new(vec![text]))),
        vec(any::<u8>(), 1..60)
            .prop_map(|octets| RData::Unknown { code: RecordType::Unknown(65280), rdata: NULL::with(octets) }),
        (any::<u32>(), near_name()).prop_map(|(minimum, name)| RData::SOA(SOA::new(
            name.clone(),
            name,
            1,
            2,
            3,
            4,
            minimum
        ))),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    (near_name(), any::<u32>(), data()).prop_map(|(name, ttl, data)| Record::from_rdata(name, ttl, data))
}

prop_compose! {
    fn query()(
        name in prop_oneof![name(), near_name()], rtype in rtype(), id: u16, cd: bool,
        edns in prop::option::of((any::<u16>(), any::<bool>())),
    ) -> Message {
        let mut message = Message::query();
        message.metadata.id = id;
        message.metadata.recursion_desired = true;
        message.metadata.checking_disabled = cd;
        message.add_query(TheirQuery::query(name, rtype));
        if let Some((size, dnssec)) = edns {
            let mut edns = Edns::new();
            edns.set_max_payload(size).set_dnssec_ok(dnssec);
            message.set_edns(edns);
        }
        message
    }
}

prop_compose! {
    fn response()(
        name in near_name(), rtype in rtype(), code in 0..6_u16, ad: bool, edns: bool,
        answers in vec(record(), 0..6), authorities in vec(record(), 0..3), additionals in vec(record(), 0..3),
    ) -> Message {
        let mut message = Message::response(0x1234, OpCode::Query);
        message.metadata.response_code = ResponseCode::from(0, u8::try_from(code).unwrap());
        message.metadata.authentic_data = ad;
        message.add_query(TheirQuery::query(name, rtype));
        message.add_answers(answers).add_authorities(authorities).add_additionals(additionals);
        if edns {
            message.set_edns(Edns::new());
        }
        message
    }
}

fn mutate(mut octets: Vec<u8>, changes: &[(prop::sample::Index, u8)], cut: Option<prop::sample::Index>) -> Vec<u8> {
    for (index, value) in changes {
        let at = index.index(octets.len());
        octets[at] = *value;
    }
    if let Some(cut) = cut {
        octets.truncate(cut.index(octets.len()));
    }
    octets
}

fn query_name(message: &Message) -> Name {
    let octets = message.to_vec().unwrap();
    Name::from_wire(&octets[12..]).unwrap().0
}

/// The query the message's question would have been.
fn asked(message: &Message, upper: bool) -> Option<Query> {
    let mut query = Message::query();
    query.metadata.recursion_desired = true;
    query.add_query(message.queries[0].clone());
    query.set_edns(Edns::new());
    let mut octets = query.to_vec().unwrap();
    if upper {
        let end = octets.len() - 15;
        octets[12..end].make_ascii_uppercase();
    }
    Query::read(&octets).ok()
}

/// What the answer section leads to, the naive way.
fn naive_leads(message: &Message) -> Vec<String> {
    let lead = |record: &Record| {
        if let RData::CNAME(target) = &record.data {
            let name = target.0.to_string().to_lowercase();
            Some(if name == "." { name } else { name.trim_end_matches('.').to_owned() })
        } else if let RData::A(a) = &record.data {
            Some(format!("{} {}", a.0, record.ttl))
        } else if let RData::AAAA(a) = &record.data {
            Some(format!("{} {}", a.0, record.ttl))
        } else {
            None
        }
    };
    message.answers.iter().filter_map(lead).collect()
}

fn our_leads(octets: &[u8]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let _ = leads(octets, |lead| {
        found.push(match lead {
            Lead::Name(name) => name.to_string(),
            Lead::Address(address, ttl) => format!("{address} {ttl}"),
        });
        ControlFlow::<()>::Continue(())
    })?;
    Some(found)
}

/// The garden's addresses, the naive way.
fn naive(message: &Message, name: &TheirName) -> Vec<(IpAddr, u32)> {
    let mut chain = vec![name.clone()];
    for _ in 0..10 {
        for record in &message.answers {
            if let RData::CNAME(target) = &record.data
                && chain.contains(&record.name)
                && !chain.contains(&target.0)
            {
                chain.push(target.0.clone());
            }
        }
    }
    let of_chain = message.answers.iter().filter(|record| chain.contains(&record.name));
    of_chain
        .filter_map(|record| {
            if let RData::A(a) = &record.data {
                Some((a.0.into(), record.ttl))
            } else if let RData::AAAA(a) = &record.data {
                Some((a.0.into(), record.ttl))
            } else {
                None
            }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_query_means_the_same_to_both(message in query()) {
        let ours = Query::read(&message.to_vec().unwrap()).unwrap();
        let theirs = &message.queries[0];
        let mut wire = Vec::new();
        for label in theirs.name() {
            wire.push(u8::try_from(label.len()).unwrap());
            wire.extend(label.to_ascii_lowercase());
        }
        wire.push(0);
        prop_assert_eq!(ours.name.wire(), &wire[..]);
        prop_assert_eq!(ours.qtype, u16::from(theirs.query_type()));
        prop_assert_eq!(ours.id, message.metadata.id);
        prop_assert_eq!(ours.dnssec(), message.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok));
        prop_assert_eq!(ours.edns.map(|edns| edns.size), message.edns.as_ref().map(|edns| edns.max_payload().max(512)));
    }

    #[test]
    fn any_octets_are_read_or_refused_and_refusals_can_be_read(octets in vec(any::<u8>(), 0..600)) {
        let mut out = Vec::new();
        match Query::read(&octets) {
            Ok(query) => prop_assert!(!query.name.wire().is_empty()),
            Err(Unusable::Silent) => {}
            Err(Unusable::Answer { code }) => {
                reply::refuse(&octets, code, &mut out);
                prop_assert!(out.len() >= 12 && out.len() <= octets.len() + 11 && out[2] & 0x80 != 0);
            }
        }
        let _ = Stored::read(&octets, &"a.id".parse().unwrap(), 1, &Memory::default());
        let _ = addresses(&octets, &"a.id".parse().unwrap());
        let _ = our_leads(&octets);
    }

    #[test]
    fn a_damaged_query_is_never_read_as_something_else(
        message in query(), changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4), cut: Option<prop::sample::Index>,
    ) {
        let octets = mutate(message.to_vec().unwrap(), &changes, cut);
        if let (Ok(ours), Ok(theirs)) = (Query::read(&octets), Message::from_vec(&octets)) {
            prop_assert_eq!(theirs.queries.len(), 1);
            prop_assert_eq!(ours.qtype, u16::from(theirs.queries[0].query_type()));
            let (theirs, _) = Name::from_wire(&octets[12..]).unwrap();
            prop_assert_eq!(ours.name, theirs);
        }
    }

    #[test]
    fn what_is_kept_and_served_is_what_the_upstream_said(message in response(), age in 0..1000_u32, upper: bool) {
        let octets = message.to_vec().unwrap();
        let theirs = Message::from_vec(&octets).unwrap();
        let query = asked(&theirs, upper).unwrap();
        let memory = Memory { max_ttl: u32::MAX, ..Memory::default() };
        let stored = Stored::read(&octets, &query.name, query.qtype, &memory).unwrap();
        let served = stored.answer(age, &query, 65535);
        let ours = Message::from_vec(&served).unwrap();
        prop_assert_eq!(&served[12..stored.question_end - 4], &{
            let mut spelled = query.name.wire().to_vec();
            if upper { spelled.make_ascii_uppercase(); }
            spelled
        }[..]);
        prop_assert_eq!(ours.metadata.response_code, theirs.metadata.response_code);
        // What stands beside the answer is judged by nobody, and goes.
        prop_assert!(ours.additionals.is_empty());
        for (ours, theirs) in [(&ours.answers, &theirs.answers), (&ours.authorities, &theirs.authorities)] {
            prop_assert_eq!(ours.len(), theirs.len());
            for (one, other) in ours.iter().zip(theirs) {
                prop_assert_eq!((&one.name, &one.data), (&other.name, &other.data));
                let given = if other.ttl > 0x7fff_ffff { 0 } else { other.ttl };
                prop_assert!(one.ttl <= given.saturating_sub(age));
                let may_be_cut = one.record_type() == RecordType::SOA;
                prop_assert!(may_be_cut || one.ttl == given.saturating_sub(age));
            }
        }
        prop_assert!(ours.edns.is_some());
    }

    #[test]
    fn no_answer_is_longer_than_the_limit_nor_unreadable(message in response(), limit in 512..1400_usize) {
        let octets = message.to_vec().unwrap();
        let query = asked(&message, false).unwrap();
        let stored = Stored::read(&octets, &query.name, query.qtype, &Memory::default()).unwrap();
        let served = stored.answer(0, &query, limit);
        prop_assert!(served.len() <= limit);
        let cut = Message::from_vec(&served).unwrap().metadata.truncation;
        prop_assert_eq!(cut, stored.message.len() + 11 > limit);
    }

    #[test]
    fn a_damaged_answer_is_refused_or_can_still_be_read(
        message in response(), changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6), cut: Option<prop::sample::Index>,
    ) {
        let query = asked(&message, true).unwrap();
        let octets = mutate(message.to_vec().unwrap(), &changes, cut);
        // A pointer into the header means whatever the header says, and ours says something else.
        prop_assume!(!octets.windows(2).any(|pair| pair[0] == 0xc0 && pair[1] < 12));
        let readable = Message::from_vec(&octets).is_ok();
        if let Ok(stored) = Stored::read(&octets, &query.name, query.qtype, &Memory::default()) {
            let served = stored.answer(7, &query, 65535);
            prop_assert!(!readable || Message::from_vec(&served).is_ok());
        }
        let _ = addresses(&octets, &query.name);
    }

    #[test]
    fn what_an_answer_leads_to_is_the_same_to_both(message in response()) {
        let octets = message.to_vec().unwrap();
        let theirs = Message::from_vec(&octets).unwrap();
        prop_assert_eq!(our_leads(&octets), Some(naive_leads(&theirs)));
    }

    #[test]
    fn a_damaged_answer_leads_to_the_same_or_is_not_judged(
        message in response(), changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6), cut: Option<prop::sample::Index>,
    ) {
        let octets = mutate(message.to_vec().unwrap(), &changes, cut);
        if let (Some(ours), Ok(theirs)) = (our_leads(&octets), Message::from_vec(&octets)) {
            // Where the question is gone the answers are read as questions; nobody forwards that.
            prop_assume!(theirs.queries.len() == 1);
            for lead in naive_leads(&theirs) {
                prop_assert!(ours.contains(&lead) || lead.contains('\\'), "{} is missed", lead);
            }
        }
    }

    #[test]
    fn refusals_can_be_read_and_fit(
        message in query(), ede in 0..30_u16, text in "[ -~]{0,700}", v4 in vec(any::<[u8; 4]>(), 0..12), kind in 0..3_u8,
        limit in 512..1400_usize,
    ) {
        let query = Query::read(&message.to_vec().unwrap()).unwrap();
        let own = OwnAddresses { v4: v4.iter().map(|octets| (*octets).into()).collect(), v6: vec![] };
        let how = [How::NxDomain, How::NoData, How::Addresses(Arc::new(own))][usize::from(kind)].clone();
        let mut out = Vec::new();
        refusal::blocked(&Blocked { how, ede, text: text.as_str().into(), reason: 0 }, &query, limit, &mut out);
        let theirs = Message::from_vec(&out).unwrap();
        let (asked, code) = (&theirs.queries[0], if kind == 0 { ResponseCode::NXDomain } else { ResponseCode::NoError });
        prop_assert_eq!((asked, theirs.metadata.response_code), (&message.queries[0], code));
        prop_assert_eq!(theirs.answers.is_empty(), theirs.authorities.len() == 1);
        prop_assert_eq!(theirs.edns.is_some(), message.edns.is_some());
        prop_assert!(out.len() <= limit, "{} over {}", out.len(), limit);
    }

    #[test]
    fn an_alias_carries_the_targets_addresses_and_fits(
        asked in query(), answer in response(), age in 0..1000_u32, limit in 512..1400_usize, v6: bool,
    ) {
        let mut asked = asked;
        asked.queries[0].set_query_type(if v6 { RecordType::AAAA } else { RecordType::A });
        let query = Query::read(&asked.to_vec().unwrap()).unwrap();
        let octets = answer.to_vec().unwrap();
        let target = query_name(&answer);
        let stored = Stored::read(&octets, &target, u16::from(answer.queries[0].query_type()), &Memory::default()).unwrap();
        let mut out = Vec::new();
        let cut = refusal::alias(&target, Some((&stored, Age::Fresh(age))), &query, limit, &mut out);
        let ours = Message::from_vec(&out).unwrap();
        prop_assert!(out.len() <= limit);
        prop_assert_eq!(&ours.queries[0], &asked.queries[0]);
        let addresses = |message: &Message| -> Vec<_> {
            let of = message.answers.iter().filter(|record| matches!(record.record_type(), RecordType::A | RecordType::AAAA));
            of.map(|record| (record.name.clone(), record.data.clone())).collect()
        };
        if !cut {
            prop_assert_eq!(addresses(&ours), addresses(&Message::from_vec(&octets).unwrap()));
        }
    }

    #[test]
    fn the_gardens_addresses_are_those_of_the_chain(message in response()) {
        let octets = message.to_vec().unwrap();
        let theirs = Message::from_vec(&octets).unwrap();
        let query = asked(&theirs, true).unwrap();
        let capped = |ttl: u32| if ttl > 0x7fff_ffff { 0 } else { ttl };
        let mut ours: Vec<_> = addresses(&octets, &query.name).into_iter().map(|(ip, ttl)| (ip, capped(ttl))).collect();
        let mut naive: Vec<_> =
            naive(&theirs, theirs.queries[0].name()).into_iter().map(|(ip, ttl)| (ip, capped(ttl))).collect();
        ours.sort_unstable();
        naive.sort_unstable();
        prop_assert_eq!(ours, naive);
    }
}

#[test]
fn extended_errors_pass_and_other_options_do_not() {
    let query = b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x01a\x00\x00\x01\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00";
    let query = Query::read(query).unwrap();
    // SERVFAIL with a cookie (10) and EDE 6 "bogus"; extended code 0.
    let response = b"\x00\x01\x81\x82\x00\x01\x00\x00\x00\x00\x00\x01\x01a\x00\x00\x01\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x12\
        \x00\x0a\x00\x08cookie!!\x00\x0f\x00\x02\x00\x06";
    let stored = Stored::read(response, &query.name, 1, &Memory::default()).unwrap();
    assert_eq!((stored.code, stored.lifetime), (rcode::SERVFAIL, 2));
    let served = stored.answer(0, &query, 512);
    assert!(served.ends_with(b"\x00\x06\x00\x0f\x00\x02\x00\x06"), "{served:?}");
}

#[test]
fn hints_of_https_records_count_as_addresses() {
    let response = b"\x00\x01\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x01a\x00\x00\x41\x00\x01\
        \xc0\x0c\x00\x41\x00\x01\x00\x00\x00\x3c\x00\x1f\x00\x01\x00\
        \x00\x04\x00\x04\xc0\x00\x02\x07\x00\x06\x00\x10\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07";
    let found = addresses(response, &"a".parse().unwrap());
    assert_eq!(found, [("192.0.2.7".parse().unwrap(), 60), ("2001:db8::7".parse().unwrap(), 60)]);
}

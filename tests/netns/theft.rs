//! Another device takes a visitor's hardware address or IP address.

use gapura_lab::config::SiteWish;
use gapura_lab::traffic::Knock;
use gapura_lab::visit::{Family, static_address};
use gapura_session::OnTheft;
use gapura_wire::Bundle;

use crate::stand::{
    SOON, admit, audit, expect_online, expect_refused, log, session, site, status, tcp, visitor_of, wait,
};

fn strict(bundle: &mut Bundle) {
    for plan in &mut bundle.plans {
        plan.on_theft = if plan.id.as_str() == "umum" { OnTheft::End } else { OnTheft::Log };
    }
}

#[test]
fn another_device_with_a_visitors_address_is_noticed_and_the_plan_decides() {
    let mut site = site("theft", 4, SiteWish { change: Some(strict), ..SiteWish::default() });
    admit(&site, 1, &["--plan", "umum"]);
    admit(&site, 2, &["--plan", "pelan"]);
    assert_eq!(status(&site)["tallies"]["addresses-taken"], 0);

    // Visitor 3 plugs in with visitor 1's hardware address, on a port of its own.
    let stolen = visitor_of(&site, 1).mac();
    let thief = site.lab_mut().visitor_mut(3).unwrap();
    thief.leave().unwrap();
    thief.change_mac(stolen).unwrap();
    static_address(thief.ns(), [10, 60, 3, 250].into(), 22, gapura_lab::addr::LAN.0).unwrap();
    wait(&format!("the end of visitor 1's visit\n{}", log(&site)), SOON, || {
        let _ = tcp(&site, 3, Family::V4);
        session(&site, 1).is_none().then_some(())
    });
    assert_ne!(tcp(&site, 3, Family::V4), Knock::Open, "the thief has no visit");
    assert_eq!(status(&site)["tallies"]["addresses-taken"], 1);
    assert!(audit(&site).contains(&"address-taken".to_owned()));
    site.lab_mut().visitor_mut(3).unwrap().leave().unwrap();

    // The owner logs in again, and the thief is back within the minute.
    expect_refused(&site, 1);
    admit(&site, 1, &["--plan", "umum"]);
    let thief = site.lab_mut().visitor_mut(3).unwrap();
    static_address(thief.ns(), [10, 60, 3, 250].into(), 22, gapura_lab::addr::LAN.0).unwrap();
    wait(&format!("the end of visitor 1's second visit\n{}", log(&site)), SOON, || {
        // Both use it, as thief and owner do.
        let _ = (tcp(&site, 3, Family::V4), tcp(&site, 1, Family::V4));
        session(&site, 1).is_none().then_some(())
    });
    assert_eq!(status(&site)["tallies"]["addresses-taken"], 2);
    site.lab_mut().visitor_mut(3).unwrap().leave().unwrap();

    // Visitor 4 takes visitor 2's IP address, whose plan only notes it.
    let address = visitor_of(&site, 2).lease().unwrap().address;
    let thief = site.lab_mut().visitor_mut(4).unwrap();
    thief.leave().unwrap();
    static_address(thief.ns(), address, 22, gapura_lab::addr::LAN.0).unwrap();
    wait(&format!("a word about visitor 2's address\n{}", log(&site)), SOON, || {
        let _ = tcp(&site, 4, Family::V4);
        (status(&site)["tallies"]["addresses-taken"].as_u64() >= Some(3)).then_some(())
    });
    assert_ne!(tcp(&site, 4, Family::V4), Knock::Open, "the thief has another hardware address and no visit");
    site.lab_mut().visitor_mut(4).unwrap().leave().unwrap();
    assert!(session(&site, 2).is_some(), "noted, not ended");
    expect_online(&site, 2);
    let taken = audit(&site).iter().filter(|action| *action == "address-taken").count();
    assert!(taken >= 3, "{:?}", audit(&site));
    let said = log(&site);
    assert!(said.contains("address was seen"), "{said}");
    assert!(!said.contains(&stolen.to_string()), "no addresses in the log\n{said}");
}

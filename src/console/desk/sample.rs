//! The counter as it looks on an evening, for whoever looks at pages.

use super::Loket;
use super::orders::OrderLine;
use super::seats::{QueueRow, SeatCell, SeatForm, TicketPanel};
use super::slip::Slip;
use super::view::{BlockRow, CodePanel, Row, SubForm, Tab};
use crate::chrome::Chrome;
use crate::samples::Sample;

fn row(id: &str, name: &str, under: &str, plan: &str, (left, percent): (&str, Option<i64>), quota: &str) -> Row {
    let at = |action: &str| format!("/l/galeri-utara/loket?baris={id}&aksi={action}#baris");
    Row {
        id: id.to_owned(),
        name: name.to_owned(),
        under: under.to_owned(),
        plan: plan.to_owned(),
        since: "sejak 19.26".to_owned(),
        left: left.to_owned(),
        percent,
        quota: quota.to_owned(),
        speed: "dipakai 360 MB, 3,1 Mb/s".to_owned(),
        tag: None,
        waits: false,
        extend: at("perpanjang"),
        end: at("putuskan"),
        moving: at("pindahkan"),
        request: Some("/permintaan/baru?lokasi=galeri-utara&sesi=P9QW-E2RT".to_owned()),
        block: (!name.starts_with("PC")).then(|| at("blokir")),
        open: None,
    }
}

fn rows() -> Vec<Row> {
    vec![
        row("a1", "PC 04", "voucer, P9QW-E2RT", "PC 1 jam", ("8 mnt", Some(13)), "tanpa batas"),
        row("a2", "Ponsel 3F-07", "voucer, K7MR-T4XK", "Umum 2 jam", ("1 jam 12 mnt", Some(60)), "640 MB"),
        row("a3", "Laptop 91-C2", "akun siti.hasnah, 4K7M-29QD", "Pelajar 3 jam", ("1 jam 26 mnt", Some(48)), "1,6 GB"),
        Row {
            tag: Some(("info", "+30 mnt, menunggu gerbang".to_owned())),
            waits: true,
            ..row("a4", "Ponsel 77-AB", "satu ketukan, R4TX-K2PB", "Umum 2 jam", ("1 jam 47 mnt", Some(89)), "1,0 GB")
        },
        Row {
            tag: Some(("good", "+30 mnt, 21.44".to_owned())),
            ..row("a5", "Tablet 0D-6E", "satu ketukan, 9QDA-7KQM", "Umum 2 jam", ("tanpa batas", None), "904 MB")
        },
    ]
}

fn form(legend: &str, picks: &[(&str, &str)], reasons: &[&str], button: &str, class: &'static str) -> SubForm {
    SubForm {
        action: "/l/galeri-utara/loket/perpanjang".to_owned(),
        legend: legend.to_owned(),
        about: ("kunjungan", "a1".to_owned()),
        picks: picks.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect(),
        reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
        hint: "Pengunjung membaca alasan ini pada halaman portal.".to_owned(),
        button: button.to_owned(),
        class,
        order: String::new(),
        back: "/l/galeri-utara/loket".to_owned(),
    }
}

fn seats() -> Vec<SeatCell> {
    let cell = |label: &str, class, words: &str| SeatCell {
        label: label.to_owned(),
        class,
        words: words.to_owned(),
        href: format!("/l/galeri-utara/loket?kursi={label}#kursi"),
    };
    vec![
        cell("01", "use", "32 mnt"),
        cell("02", "use", "51 mnt"),
        cell("03", "free", "kosong"),
        cell("04", "soon", "8 mnt"),
        cell("06", "off", "rusak"),
        cell("09", "free", "untuk A-21"),
    ]
}

fn queue() -> Vec<QueueRow> {
    let row = |number: u32, words: &str, limit: &str| QueueRow {
        number,
        name: format!("A-{number}"),
        words: words.to_owned(),
        limit: limit.to_owned(),
        called: (!limit.is_empty()).then(|| "Panggilan ke-1, petugas.utara".to_owned()),
        seat: "03".to_owned(),
    };
    vec![row(21, "Dipanggil 20.12, PC 09", "batas 20.17"), row(22, "Menunggu 9 menit", "")]
}

fn orders(w: gapura_speech::Words) -> Vec<OrderLine> {
    let line = |id: u8, what: String, clock: &str, state, back| OrderLine {
        id: id.to_string(),
        what,
        by: w.t2("desk-order-by", "when", format!("pukul {clock} WITA"), "who", "petugas.utara"),
        state,
        back,
        code: None,
    };
    let failed = |why: &str| ("bad", w.t1("desk-order-failed", "why", w.t(why)));
    let (extend, block) = (w.t2("desk-order-extend", "device", "Ponsel 77-AB", "n", "30"), "Perangkat 3F-07");
    vec![
        line(1, extend, "20.14", ("info", w.t("desk-order-waits")), true),
        line(2, w.t2("desk-order-seat", "seat", "PC 09", "n", "60"), "20.13", ("info", w.t("desk-order-sent")), false),
        line(3, w.t1("desk-order-unblock", "device", block), "20.11", failed("desk-why-not-blocked"), false),
        line(4, w.t1("desk-order-end", "device", "Tablet 0D-6E"), "20.02", ("good", w.t("desk-order-done")), false),
        line(5, w.t1("desk-order-class", "title", "SD 2"), "19.58", ("off", w.t("desk-order-back")), false),
    ]
}

fn loket(c: Chrome) -> Loket {
    let w = c.w;
    let tab = |words: &str, count: u32, current| Tab {
        href: "/l/galeri-utara/loket".to_owned(),
        words: format!("{} {count}", w.t(words)),
        current,
    };
    Loket {
        base: "/l/galeri-utara".to_owned(),
        again: "/l/galeri-utara/loket".to_owned(),
        live: true,
        q: String::new(),
        tab: "daring",
        tabs: vec![
            tab("desk-tab-online", 38, true),
            tab("desk-tab-wifi", 29, false),
            tab("desk-tab-pc", 9, false),
            tab("desk-tab-soon", 4, false),
            tab("desk-tab-blocked", 2, false),
        ],
        rows: rows(),
        blocks: Vec::new(),
        may_end: true,
        may_block: true,
        may_seats: true,
        may_add: true,
        may_print: true,
        line: ("good", w.t("desk-line-good")),
        empty: (w.t("desk-none-online"), w.t("desk-none-online-do")),
        shown: w.t2("desk-shown", "range", "1–5", "all", "38"),
        earlier: None,
        later: Some("/l/galeri-utara/loket?hal=2".to_owned()),
        code: None,
        orders: orders(w),
        ticket: None,
        key: String::new(),
        seats: seats(),
        seats_line: w.t2("desk-seats-used", "used", "9", "all", "12"),
        seat: None,
        queue: queue(),
        queue_line: w.t2("desk-queue-wait", "n", "1", "time", "8 menit"),
        c,
    }
}

/// The pages.
pub(super) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let page = || loket(frame("/l/galeri-utara/loket", "desk-title"));
    let full = page();
    let mut open = page();
    let picks = [("15", "15 mnt, 20.37"), ("30", "30 mnt, 20.52"), ("60", "60 mnt, 21.22"), ("tutup", "Tutup, 22.00")];
    let reasons = ["Tugas sekolah atau kuliah", "Layanan publik", "Gangguan jaringan"];
    if let Some(first) = open.rows.first_mut() {
        first.open = Some(form("Perpanjang PC 04, kini berakhir 20.22", &picks, &reasons, "Perpanjang", "go"));
    }
    open.live = false;
    let seat = SeatForm {
        label: "PC 03".to_owned(),
        state: full.c.w.t("desk-seat-free"),
        open: vec![("30".to_owned(), "30 mnt, 20.44".to_owned()), ("60".to_owned(), "60 mnt, 21.14".to_owned())],
        minutes: Vec::new(),
        visit: String::new(),
        plans: vec![("pc".to_owned(), "PC 1 jam".to_owned())],
        keep: vec![("5".to_owned(), "5 mnt, 20.19".to_owned()), ("30".to_owned(), "30 mnt, 20.44".to_owned())],
        reason: String::new(),
        reasons: vec!["Tanpa ponsel".to_owned()],
        kept: false,
        broken: false,
        order: String::new(),
        back: "/l/galeri-utara/loket".to_owned(),
    };
    let seated = Loket { seat: Some(seat), live: false, ..page() };
    let code = CodePanel { code: "7KQMA".to_owned(), until: "20.24".to_owned(), state: full.c.w.t("desk-code-good") };
    let coded = Loket { code: Some(code), ..page() };
    let block = BlockRow {
        id: "b1".to_owned(),
        name: "Perangkat 3F-07".to_owned(),
        reason: "Mengganggu pengunjung lain".to_owned(),
        until: "sampai pukul 22.00 WITA".to_owned(),
        by_document: false,
        unblock: "/l/galeri-utara/loket?baris=b1&aksi=buka#baris".to_owned(),
        open: Some(form("Buka blokir Perangkat 3F-07", &[], &["Sudah dibicarakan"], "Buka blokir", "go")),
    };
    let listed = BlockRow { id: "b2".to_owned(), by_document: true, open: None, ..block.clone() };
    let blocked = Loket { tab: "blokir", blocks: vec![block, listed], live: false, ..page() };
    let none = Loket {
        rows: Vec::new(),
        shown: String::new(),
        later: None,
        seats: Vec::new(),
        queue: Vec::new(),
        orders: Vec::new(),
        line: ("warn", full.c.w.t("desk-line-never")),
        ..page()
    };
    let ticket = TicketPanel {
        name: "A-23".to_owned(),
        words: full.c.w.n("desk-slip-ahead", 2),
        slip: "/l/galeri-utara/antrean/struk?nomor=23".to_owned(),
    };
    let taken = Loket { ticket: Some(ticket), ..page() };
    let c = frame("/l/galeri-utara/loket", "desk-slip-title");
    let slip = Slip {
        script: &crate::assets::PRINT.path,
        wide: false,
        back: "/l/galeri-utara/loket".to_owned(),
        here: "/l/galeri-utara/antrean/struk?nomor=23".to_owned(),
        site: "Galeri Internet Sinjai Utara".to_owned(),
        name: "A-23".to_owned(),
        taken: "pukul 20.14 WITA".to_owned(),
        ahead: c.w.n("desk-slip-ahead", 2),
        c,
    };
    vec![
        Sample::of("desk-number", &taken),
        Sample::of("desk-slip", &slip),
        Sample::of("desk", &full),
        Sample::of("desk-extend", &open),
        Sample::of("desk-seat", &seated),
        Sample::of("desk-code", &coded),
        Sample::of("desk-blocked", &blocked),
        Sample::of("desk-empty", &none),
    ]
}

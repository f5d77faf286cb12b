//! Who may what, by hand, room by room: beside what the rooms say of themselves, so that a slip there is seen.

use gapura_controller::Role;
use gapura_controller::Role::{
    AgencyOfficer, Auditor, Clerk, Helpdesk, Investigator, NetworkAdmin, SiteHead, SopApprover, SopEditor,
};

/// Who may.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    /// Also who is not signed in.
    Anybody,
    /// Whoever is signed in.
    Staff,
    /// These roles, where they hold in the whole department.
    Whole(&'static [Role]),
    /// These roles, where they hold at the site in the address.
    AtSite(&'static [Role]),
    /// These roles, wherever they hold: the page shows what is theirs.
    Anywhere(&'static [Role]),
    /// The officers of the agency in the address.
    Desk,
}

/// Method, pattern, who may, and whether fresh proof is asked for.
pub(super) type Line = (&'static str, &'static str, Who, bool);

const SEE_PEOPLE: Who = Who::Whole(&[NetworkAdmin, Auditor]);
const SET_PEOPLE: Who = Who::Whole(&[NetworkAdmin]);
const SEE_AUDIT: Who = Who::Whole(&[Investigator, Auditor]);
const SET_NETWORK: Who = Who::Whole(&[NetworkAdmin]);
const SEE_VOUCHERS: Who = Who::AtSite(&[Clerk, Helpdesk, SiteHead, Auditor]);
const MAKE_VOUCHERS: Who = Who::AtSite(&[Clerk, Helpdesk, SiteHead]);
const REVOKE_VOUCHERS: Who = Who::AtSite(&[Helpdesk, SiteHead]);

const SEE_COUNTER: Who = Who::AtSite(&[Clerk, Helpdesk, SiteHead, Auditor]);
const RUN_SEATS: Who = Who::AtSite(&[Clerk, Helpdesk, SiteHead]);
const END_VISITS: Who = Who::AtSite(&[Helpdesk, SiteHead]);
const SEE_REQUESTS: &[Role] = &[Clerk, Helpdesk, SiteHead, Auditor];
const ANSWER: Who = Who::AtSite(&[Helpdesk, SiteHead]);
const SEE_NETWORK: &[Role] = &[SiteHead, NetworkAdmin, Auditor];
const SEE_REPORTS: &[Role] = &[SiteHead, SopApprover, NetworkAdmin, Auditor];
const RUN_GATEWAYS: Who = Who::AtSite(&[NetworkAdmin]);
const SET_SITE: Who = Who::AtSite(&[NetworkAdmin]);
const SEE_SOPS: Who = Who::Anywhere(&[Helpdesk, SiteHead, SopEditor, SopApprover, NetworkAdmin, Auditor]);
const WRITE_SOPS: Who = Who::Whole(&[SopEditor]);
const APPROVE_SOPS: Who = Who::Whole(&[SopApprover]);
const SET_HOURS: Who = Who::AtSite(&[SiteHead, NetworkAdmin]);

/// All of them, room by room.
pub(super) const EXPECTED: &[&[Line]] = &[
    FRONT, SIGNIN, PROFILE, PEOPLE, AUDIT, RECORDS, VOUCHERS, COUNTER, REQUESTS, QUESTIONS, NETWORK, ROLLOUT, SOPS,
    FILTER, WHOLE,
];

const FRONT: &[Line] = &[("GET", "/", Who::Staff, false)];

const SIGNIN: &[Line] = &[
    ("GET", "/buktikan", Who::Staff, false),
    ("POST", "/buktikan", Who::Staff, false),
    ("GET", "/masuk", Who::Anybody, false),
    ("POST", "/masuk", Who::Anybody, false),
    ("GET", "/masuk/faktor", Who::Anybody, false),
    ("POST", "/masuk/faktor", Who::Anybody, false),
    ("GET", "/masuk/kode", Who::Anybody, false),
    ("POST", "/masuk/kode", Who::Anybody, false),
    ("GET", "/masuk/sandi", Who::Anybody, false),
    ("POST", "/masuk/sandi", Who::Anybody, false),
    ("GET", "/masuk/sso", Who::Anybody, false),
    ("GET", "/masuk/sso/mulai", Who::Anybody, false),
    ("GET", "/masuk/ulang", Who::Anybody, false),
    ("POST", "/bahasa", Who::Staff, false),
    ("POST", "/keluar", Who::Staff, false),
];

const PROFILE: &[Line] = &[
    ("GET", "/profil", Who::Staff, false),
    ("GET", "/profil/faktor", Who::Staff, true),
    ("POST", "/profil/faktor", Who::Staff, true),
    ("GET", "/profil/sandi", Who::Staff, false),
    ("POST", "/profil/sandi", Who::Staff, false),
    ("POST", "/profil/sesi", Who::Staff, false),
];

const PEOPLE: &[Line] = &[
    ("GET", "/orang", SEE_PEOPLE, false),
    ("GET", "/orang/baru", SET_PEOPLE, true),
    ("POST", "/orang/baru", SET_PEOPLE, true),
    ("GET", "/orang/{name}", SEE_PEOPLE, false),
    ("GET", "/orang/{name}/ubah", SET_PEOPLE, true),
    ("POST", "/orang/{name}/ubah", SET_PEOPLE, true),
];

const AUDIT: &[Line] = &[
    ("GET", "/audit", SEE_AUDIT, false),
    ("POST", "/audit/periksa", SEE_AUDIT, false),
    ("GET", "/audit/unduh", SEE_AUDIT, true),
];

const INVESTIGATE: Who = Who::Whole(&[Investigator]);

const RECORDS: &[Line] = &[
    ("GET", "/retensi", SEE_AUDIT, false),
    ("GET", "/retensi/musnah/{id}", SEE_AUDIT, false),
    ("POST", "/retensi/tahan", INVESTIGATE, true),
    ("POST", "/retensi/tahan/{id}", INVESTIGATE, true),
    ("GET", "/telusur", INVESTIGATE, true),
    ("GET", "/telusur/baru", INVESTIGATE, true),
    ("POST", "/telusur/baru", INVESTIGATE, true),
    ("GET", "/telusur/{id}", INVESTIGATE, true),
    ("GET", "/telusur/{id}/unduh", INVESTIGATE, true),
    ("POST", "/telusur/{id}/setujui", INVESTIGATE, true),
    ("POST", "/telusur/{id}/tolak", INVESTIGATE, true),
    ("POST", "/telusur/{id}/tutup", INVESTIGATE, true),
];

const VOUCHERS: &[Line] = &[
    ("GET", "/l/{site}/voucer", SEE_VOUCHERS, false),
    ("POST", "/l/{site}/voucer/cetak", MAKE_VOUCHERS, false),
    ("GET", "/l/{site}/voucer/semua", SEE_VOUCHERS, false),
    ("POST", "/l/{site}/voucer/cabut", REVOKE_VOUCHERS, false),
    ("GET", "/l/{site}/voucer/kelompok", SEE_VOUCHERS, false),
    ("GET", "/l/{site}/voucer/kertas", MAKE_VOUCHERS, false),
    ("GET", "/voucer-kelompok", Who::Anywhere(&[Clerk, Helpdesk, SiteHead, Auditor]), false),
    ("POST", "/voucer-kelompok/cetak", Who::Anywhere(&[Clerk, Helpdesk, SiteHead]), false),
    ("POST", "/voucer-kelompok/cabut", Who::Anywhere(&[Helpdesk, SiteHead]), false),
    ("GET", "/kelompok-lokasi", SET_NETWORK, false),
    ("POST", "/kelompok-lokasi", SET_NETWORK, false),
    ("GET", "/pilihan-voucer", SET_NETWORK, false),
    ("GET", "/pilihan-voucer/baru", SET_NETWORK, false),
    ("GET", "/pilihan-voucer/ubah/{preset}", SET_NETWORK, false),
    ("POST", "/pilihan-voucer/simpan", SET_NETWORK, false),
    ("POST", "/pilihan-voucer/hapus", SET_NETWORK, false),
];

const COUNTER: &[Line] = &[
    ("GET", "/l/{site}/loket", SEE_COUNTER, false),
    ("POST", "/l/{site}/loket/perpanjang", END_VISITS, false),
    ("POST", "/l/{site}/loket/putuskan", END_VISITS, false),
    ("POST", "/l/{site}/loket/pindahkan", END_VISITS, false),
    ("POST", "/l/{site}/loket/blokir", END_VISITS, false),
    ("POST", "/l/{site}/loket/buka", END_VISITS, false),
    ("POST", "/l/{site}/loket/batal", RUN_SEATS, false),
    ("POST", "/l/{site}/kursi", RUN_SEATS, false),
    ("POST", "/l/{site}/antrean", RUN_SEATS, false),
    ("GET", "/l/{site}/antrean/struk", RUN_SEATS, false),
    ("GET", "/l/{site}/kelas", SEE_COUNTER, false),
    ("GET", "/l/{site}/kelas/kode", RUN_SEATS, false),
    ("POST", "/l/{site}/kelas", RUN_SEATS, false),
    ("POST", "/l/{site}/kelas/ubah", RUN_SEATS, false),
    ("GET", "/l/{site}/laporan", SEE_COUNTER, false),
];

const REQUESTS: &[Line] = &[
    ("GET", "/permintaan", Who::Anywhere(SEE_REQUESTS), false),
    ("GET", "/permintaan/baru", Who::Anywhere(&[Clerk, Helpdesk, SiteHead]), false),
    ("POST", "/permintaan/simpan", Who::Anywhere(&[Clerk, Helpdesk, SiteHead]), false),
    ("GET", "/l/{site}/permintaan/{number}", Who::AtSite(SEE_REQUESTS), false),
    ("POST", "/l/{site}/permintaan/{number}/ambil", ANSWER, false),
    ("POST", "/l/{site}/permintaan/{number}/buka", ANSWER, false),
    ("POST", "/l/{site}/permintaan/{number}/catat", ANSWER, false),
    ("POST", "/l/{site}/permintaan/{number}/jawab", ANSWER, false),
    ("POST", "/l/{site}/permintaan/{number}/kontak", ANSWER, false),
    ("POST", "/l/{site}/permintaan/{number}/putuskan", ANSWER, false),
    ("POST", "/l/{site}/permintaan/{number}/tarik", ANSWER, false),
    ("POST", "/l/{site}/permintaan/{number}/teruskan", ANSWER, false),
    ("POST", "/l/{site}/permintaan/{number}/tutup", ANSWER, false),
    ("GET", "/instansi", Who::Anywhere(&[AgencyOfficer]), false),
    ("GET", "/instansi/{agency}/permintaan", Who::Desk, false),
    ("GET", "/instansi/{agency}/permintaan/{number}", Who::Desk, false),
    ("POST", "/instansi/{agency}/permintaan/{number}/catat", Who::Desk, false),
    ("POST", "/instansi/{agency}/permintaan/{number}/jawab", Who::Desk, false),
    ("POST", "/instansi/{agency}/permintaan/{number}/kembalikan", Who::Desk, false),
    ("GET", "/ekspor-permintaan", Who::Anywhere(&[NetworkAdmin]), true),
    ("POST", "/ekspor-permintaan/unduh", Who::Anywhere(&[NetworkAdmin]), true),
    ("POST", "/ekspor-permintaan/lanjut", Who::Whole(&[NetworkAdmin]), true),
];

const QUESTIONS: &[Line] = &[
    ("GET", "/tanya-jawab", Who::Anywhere(&[Helpdesk, SiteHead]), false),
    ("GET", "/tanya-jawab/dinas", Who::Whole(&[Helpdesk, SiteHead]), false),
    ("POST", "/tanya-jawab/dinas", Who::Whole(&[Helpdesk, SiteHead]), false),
    ("GET", "/l/{site}/tanya-jawab", ANSWER, false),
    ("POST", "/l/{site}/tanya-jawab", ANSWER, false),
];

const APPROVE_ANYWHERE: Who = Who::Anywhere(&[SopApprover]);

const ROLLOUT: &[Line] = &[
    ("GET", "/sop/{id}/peluncuran", SEE_SOPS, false),
    ("POST", "/sop/{id}/peluncuran/{langkah}", APPROVE_ANYWHERE, true),
    ("GET", "/sop/{id}/terbitkan-bertahap", APPROVE_ANYWHERE, true),
    ("POST", "/sop/{id}/terbitkan-bertahap", APPROVE_ANYWHERE, true),
];

const SOPS: &[Line] = &[
    ("GET", "/sop", SEE_SOPS, false),
    ("GET", "/sop/baru", WRITE_SOPS, false),
    ("POST", "/sop/simpan", WRITE_SOPS, false),
    ("GET", "/sop/{id}", SEE_SOPS, false),
    ("GET", "/sop/{id}/berkas", SEE_SOPS, false),
    ("GET", "/sop/{id}/cetak", SEE_SOPS, false),
    ("GET", "/sop/{id}/dampak", SEE_SOPS, false),
    ("GET", "/sop/{id}/keputusan", SEE_SOPS, false),
    ("GET", "/sop/{id}/teks", WRITE_SOPS, false),
    ("GET", "/sop/{id}/formulir", WRITE_SOPS, false),
    ("POST", "/sop/{id}/formulir", WRITE_SOPS, false),
    ("POST", "/sop/{id}/coba", WRITE_SOPS, false),
    ("POST", "/sop/{id}/keputusan", WRITE_SOPS, false),
    ("POST", "/sop/{id}/buang", WRITE_SOPS, false),
    ("POST", "/sop/{id}/setujui", APPROVE_SOPS, true),
    ("POST", "/sop/{id}/kembalikan", APPROVE_SOPS, true),
    ("POST", "/sop/{id}/terbitkan", APPROVE_SOPS, true),
    ("POST", "/sop/{id}/akhiri", APPROVE_SOPS, true),
    ("POST", "/sop/{id}/akhiri-setuju", APPROVE_SOPS, true),
    ("POST", "/sop/{id}/akhiri-batal", APPROVE_SOPS, true),
];

const EXPLAIN: &[Role] = &[Clerk, Helpdesk, SiteHead, SopEditor, SopApprover, NetworkAdmin, Auditor];
const READ_SOPS: &[Role] = &[Helpdesk, SiteHead, SopEditor, SopApprover, NetworkAdmin, Auditor];
const DECIDE_APPEALS: &[Role] = &[Helpdesk, SiteHead, SopApprover];

const FILTER: &[Line] = &[
    ("GET", "/periksa", Who::Anywhere(EXPLAIN), false),
    ("GET", "/daftar", Who::Anywhere(READ_SOPS), false),
    ("POST", "/daftar/lihat", Who::Whole(&[SopEditor, SopApprover, NetworkAdmin]), false),
    ("POST", "/daftar/terima", Who::Whole(&[SopApprover]), true),
    ("POST", "/daftar/tolak", Who::Whole(&[SopApprover]), true),
    ("GET", "/peninjauan", Who::Anywhere(DECIDE_APPEALS), false),
    ("GET", "/l/{site}/peninjauan/{number}", Who::AtSite(DECIDE_APPEALS), false),
    ("POST", "/l/{site}/peninjauan/{number}/putuskan", Who::AtSite(DECIDE_APPEALS), false),
];

const WHOLE: &[Line] = &[
    ("GET", "/laporan-bulanan", Who::Anywhere(SEE_REPORTS), false),
    ("GET", "/laporan-bulanan/{month}", Who::Anywhere(SEE_REPORTS), false),
    ("GET", "/laporan-bulanan/{month}/unduh", Who::Anywhere(SEE_REPORTS), false),
    ("GET", "/laporan-bulanan/statistik/{period}/{part}", Who::Whole(SEE_REPORTS), false),
    ("GET", "/ringkasan", Who::Anywhere(SEE_NETWORK), false),
    ("GET", "/publik", Who::Anybody, false),
    ("GET", "/api/openapi.json", Who::Anybody, false),
    ("GET", "/publik.json", Who::Anybody, false),
    ("GET", "/pemakaian", Who::Anywhere(SEE_NETWORK), false),
    ("GET", "/pemakaian.csv", Who::Anywhere(SEE_NETWORK), false),
    ("GET", "/papan/{kunci}", Who::Anybody, false),
    ("GET", "/papan/{kunci}/alir", Who::Anybody, false),
    ("GET", "/layar", Who::Anywhere(&[NetworkAdmin]), false),
    ("POST", "/layar/baru", Who::Anywhere(&[NetworkAdmin]), false),
    ("POST", "/layar/cabut", Who::Anywhere(&[NetworkAdmin]), false),
];

const NETWORK: &[Line] = &[
    ("GET", "/gerbang", Who::Anywhere(SEE_NETWORK), false),
    ("GET", "/paket", Who::Anywhere(SEE_NETWORK), false),
    ("GET", "/paket/baru", SET_NETWORK, false),
    ("GET", "/paket/ubah/{id}", SET_NETWORK, false),
    ("POST", "/paket/simpan", SET_NETWORK, false),
    ("POST", "/paket/hapus", SET_NETWORK, false),
    ("GET", "/lokasi", Who::Anywhere(SEE_NETWORK), false),
    ("GET", "/lokasi/baru", Who::Anywhere(&[NetworkAdmin]), false),
    ("POST", "/lokasi/baru", Who::Anywhere(&[NetworkAdmin]), false),
    ("GET", "/l/{site}", Who::AtSite(SEE_NETWORK), false),
    ("GET", "/l/{site}/dasar", Who::AtSite(SEE_NETWORK), false),
    ("POST", "/l/{site}/dasar/{bagian}", SET_SITE, false),
    ("GET", "/dasar/{tingkat}/{nama}", Who::Anywhere(SEE_NETWORK), false),
    ("POST", "/dasar/{tingkat}/{nama}/{bagian}", SET_NETWORK, false),
    ("GET", "/l/{site}/perangkat", Who::AtSite(SEE_NETWORK), false),
    ("POST", "/l/{site}/perangkat", SET_SITE, false),
    ("POST", "/l/{site}/perangkat/hapus", SET_SITE, false),
    ("POST", "/l/{site}/jam/pengecualian", SET_HOURS, false),
    ("POST", "/l/{site}/jam/pengecualian-hapus", SET_HOURS, false),
    ("POST", "/l/{site}/jam/zona", SET_SITE, false),
    ("GET", "/jam/{tingkat}/{nama}", Who::Anywhere(SEE_NETWORK), false),
    ("POST", "/jam/{tingkat}/{nama}", SET_NETWORK, false),
    ("POST", "/jam/{tingkat}/{nama}/zona", SET_NETWORK, false),
    ("POST", "/jam/{tingkat}/{nama}/musim", SET_NETWORK, false),
    ("POST", "/jam/{tingkat}/{nama}/musim-hapus", SET_NETWORK, false),
    ("POST", "/jam/{tingkat}/{nama}/libur", SET_NETWORK, false),
    ("POST", "/jam/{tingkat}/{nama}/pengecualian", SET_NETWORK, false),
    ("POST", "/jam/{tingkat}/{nama}/pengecualian-hapus", SET_NETWORK, false),
    ("GET", "/l/{site}/jam", Who::AtSite(SEE_NETWORK), false),
    ("POST", "/l/{site}/jam", SET_SITE, false),
    ("POST", "/l/{site}/jam/musim", SET_SITE, false),
    ("POST", "/l/{site}/jam/musim-hapus", SET_SITE, false),
    ("POST", "/l/{site}/jam/libur", SET_SITE, false),
    ("POST", "/l/{site}/jam/tutup-awal", SET_HOURS, false),
    ("POST", "/l/{site}/jam/buka-lagi", SET_HOURS, false),
    ("GET", "/rupa", Who::Anywhere(SEE_NETWORK), false),
    ("GET", "/rupa/bingkai", Who::Anywhere(SEE_NETWORK), false),
    ("GET", "/rupa/{tingkat}/{nama}", Who::Anywhere(SEE_NETWORK), false),
    ("POST", "/rupa/{tingkat}/{nama}", SET_NETWORK, false),
    ("POST", "/rupa/{tingkat}/{nama}/pratinjau", SET_NETWORK, false),
    ("GET", "/l/{site}/rupa", Who::AtSite(SEE_NETWORK), false),
    ("POST", "/l/{site}/rupa", SET_SITE, false),
    ("POST", "/l/{site}/rupa/pratinjau", SET_SITE, false),
    ("GET", "/setelan", Who::Anywhere(SEE_NETWORK), false),
    ("GET", "/setelan/{tingkat}/{nama}", Who::Anywhere(SEE_NETWORK), false),
    ("POST", "/setelan/baru", SET_NETWORK, false),
    ("POST", "/setelan/nama", SET_NETWORK, false),
    ("POST", "/setelan/hapus", SET_NETWORK, false),
    ("POST", "/setelan/gabung", SET_NETWORK, false),
    ("GET", "/syarat", Who::Anywhere(SEE_NETWORK), false),
    ("GET", "/syarat/versi", Who::Anywhere(SEE_NETWORK), false),
    ("GET", "/syarat/baru", SET_NETWORK, false),
    ("POST", "/syarat/baru", SET_NETWORK, false),
    ("POST", "/syarat/berlaku", SET_NETWORK, false),
    ("POST", "/syarat/cabut", SET_NETWORK, false),
    ("GET", "/kalender", Who::Anywhere(SEE_NETWORK), false),
    ("GET", "/kalender/baru", SET_NETWORK, false),
    ("GET", "/kalender/ubah/{id}", SET_NETWORK, false),
    ("POST", "/kalender/impor", SET_NETWORK, false),
    ("POST", "/kalender/simpan", SET_NETWORK, false),
    ("POST", "/kalender/hapus", SET_NETWORK, false),
    ("POST", "/l/{site}/pindah", SET_HOURS, false),
    ("GET", "/l/{site}/gerbang/{gateway}", Who::AtSite(SEE_NETWORK), false),
    ("GET", "/l/{site}/gerbang-baru", RUN_GATEWAYS, true),
    ("POST", "/l/{site}/gerbang-baru", RUN_GATEWAYS, true),
    ("POST", "/l/{site}/gerbang-setuju", RUN_GATEWAYS, true),
    ("POST", "/l/{site}/gerbang-tolak", RUN_GATEWAYS, true),
    ("POST", "/l/{site}/gerbang-cabut", RUN_GATEWAYS, true),
    ("GET", "/siaga", Who::Anywhere(&[NetworkAdmin, Auditor]), false),
    ("POST", "/siaga/tangani", Who::Anywhere(&[NetworkAdmin]), false),
    ("GET", "/cadangan", Who::Whole(&[NetworkAdmin]), false),
    ("POST", "/cadangan/buat", Who::Whole(&[NetworkAdmin]), false),
];

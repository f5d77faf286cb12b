//! What stands in the made-up regency's papers: presets, frequent questions, what people ask and what they are told.

use gapura_model::{PlanId, SiteKind};
use gapura_wire::{Faq, HelpTopic, Text};

use crate::office::OfficeError;
use crate::preset::{Preset, PresetPlace, UseBefore};

fn text(id: &str, en: &str) -> Text {
    Text { id: id.to_owned(), en: en.to_owned() }
}

/// The tiles of the counters.
pub(super) fn presets() -> Result<Vec<Preset>, OfficeError> {
    let plan = |id: &str| -> Result<PlanId, OfficeError> {
        id.parse().map_err(|error: gapura_model::ParseNameError| OfficeError::Mistakes(vec![error.to_string().into()]))
    };
    let preset = |(id, en): (&str, &str), plan, use_minutes, use_before, devices, (colour, order)| Preset {
        name: text(id, en),
        plan,
        use_minutes,
        use_before,
        devices,
        colour,
        order,
        place: PresetPlace::Everywhere,
    };
    Ok(vec![
        preset(("Umum 2 jam", "General, 2 hours"), plan("umum")?, Some(120), UseBefore::Today, None, (1, 1)),
        preset(("Pelajar 3 jam", "Student, 3 hours"), plan("pelajar")?, Some(180), UseBefore::Tomorrow, None, (2, 2)),
        preset(("Layanan publik", "Public service"), plan("layanan-publik")?, Some(30), UseBefore::Today, None, (3, 3)),
        preset(("Mingguan", "One week"), plan("umum")?, Some(600), UseBefore::Days(7), Some(2), (4, 4)),
        Preset {
            place: PresetPlace::Kind(SiteKind::Gallery),
            ..preset(("PC 1 jam", "PC, 1 hour"), plan("pc")?, Some(60), UseBefore::Today, Some(1), (5, 5))
        },
        preset(("Acara 8 jam", "Event, 8 hours"), plan("acara")?, Some(480), UseBefore::Days(3), None, (2, 6)),
    ])
}

/// The department's frequent questions.
pub(super) fn questions() -> Vec<Faq> {
    [
        (
            ("Halaman masuk tidak muncul. Apa yang harus saya lakukan?", "The sign-in page does not appear. What can I do?"),
            (
                "Matikan data seluler, lalu buka alamat http://neverssl.com di peramban. Bila belum muncul, matikan VPN atau DNS pribadi.",
                "Switch mobile data off and open http://neverssl.com in your browser. If nothing appears, switch off VPN or private DNS.",
            ),
        ),
        (
            ("Berapa lama saya boleh memakai Internet?", "How long may I use the Internet?"),
            (
                "Dua jam setiap hari tanpa voucer. Dengan voucer, selama waktu pakai yang tertera di kertas.",
                "Two hours a day without a voucher. With a voucher, for the time printed on the paper.",
            ),
        ),
        (
            ("Mengapa suatu situs diblokir?", "Why is a site blocked?"),
            (
                "Halaman blokir menyebutkan klausul SOP yang berlaku. Bila menurut Anda keliru, ajukan peninjauan di halaman itu.",
                "The block page names the clause that applies. If you think it is wrong, ask for a review on that page.",
            ),
        ),
        (
            ("Apakah situs yang saya buka dicatat?", "Do you record which sites I open?"),
            (
                "Tidak. Kami mencatat kapan Anda tersambung dan berapa banyak data, bukan situs yang Anda buka.",
                "No. We record when you were connected and how much data you used, not which sites you opened.",
            ),
        ),
        (
            ("Bagaimana memesan kursi PC?", "How do I get a PC seat?"),
            (
                "Ambil nomor antrean di loket. Kursi disimpan lima menit setelah nomor Anda dipanggil.",
                "Take a number at the counter. A seat is kept for five minutes once your number is called.",
            ),
        ),
    ]
    .into_iter()
    .map(|((question, question_en), (answer, answer_en))| Faq {
        question: text(question, question_en),
        answer: text(answer, answer_en),
    })
    .collect()
}

/// The questions of the gallery with the most PC seats.
pub(super) fn questions_of_gallery() -> Vec<Faq> {
    vec![Faq {
        question: text("Kapan ada kelas Internet gratis?", "When is the free Internet class?"),
        answer: text(
            "Setiap hari kerja pukul 14.00 WITA, delapan kursi. Daftar di loket sebelum pukul 13.30.",
            "Every working day at 14:00 WITA, eight seats. Sign up at the counter before 13:30.",
        ),
    }]
}

/// What people ask for: the topic, their words, and what they are told.
pub(super) const ASKED: [(HelpTopic, &str, &str); 14] = [
    (
        HelpTopic::Connect,
        "Ponsel saya tersambung ke Wi-Fi tetapi halaman masuk tidak muncul.",
        "Silakan matikan DNS pribadi di pengaturan ponsel, lalu sambungkan kembali ke Wi-Fi.",
    ),
    (
        HelpTopic::Connect,
        "Kode voucer saya ditolak padahal baru dicetak pagi ini.",
        "Kode itu untuk lokasi lain. Voucer pengganti sudah kami siapkan di loket.",
    ),
    (
        HelpTopic::Connect,
        "My laptop asks for a certificate and then nothing opens.",
        "Please switch your VPN off and open any http page. The sign-in page will appear.",
    ),
    (
        HelpTopic::Connect,
        "Sinyal Wi-Fi ada, tetapi semua situs tidak terbuka sejak tadi.",
        "Jaringan ke pusat sempat putus dan sudah pulih. Silakan sambungkan kembali.",
    ),
    (
        HelpTopic::MoreTime,
        "Mohon tambahan waktu 30 menit, saya sedang mengisi formulir pendaftaran sekolah.",
        "Waktu Anda sudah kami perpanjang 30 menit.",
    ),
    (
        HelpTopic::MoreTime,
        "Waktu saya habis sebelum tugas selesai dikirim. Bisa diperpanjang?",
        "Sudah kami perpanjang sampai pukul tutup. Silakan lanjutkan.",
    ),
    (
        HelpTopic::Blocked,
        "Situs beasiswa daerah tidak dapat dibuka dari galeri.",
        "Situs itu sudah kami periksa dan kini dapat dibuka.",
    ),
    (
        HelpTopic::Blocked,
        "Situs tugas sekolah anak saya diblokir, mohon diperiksa.",
        "Blokir itu keliru dan sudah kami laporkan kepada penyusun SOP.",
    ),
    (
        HelpTopic::Complaint,
        "Internet di lokasi ini lambat sekali setiap sore.",
        "Terima kasih. Kapasitas lokasi ini kami tambah mulai pekan depan.",
    ),
    (
        HelpTopic::Complaint,
        "Dua PC di galeri sudah rusak sejak minggu lalu.",
        "Teknisi memperbaikinya hari ini. Mohon maaf atas ketidaknyamanannya.",
    ),
    (
        HelpTopic::Complaint,
        "Lampu di area hotspot mati, kami sulit belajar malam hari.",
        "Laporan Anda sudah kami teruskan dan lampu telah diganti.",
    ),
    (
        HelpTopic::Other,
        "Apakah ada kelas komputer untuk orang tua?",
        "Ada, setiap Rabu pukul 09.00 WITA di Galeri Sinjai Utara.",
    ),
    (
        HelpTopic::Other,
        "Kapan mobil Internet datang ke desa kami?",
        "MPLIK dijadwalkan ke desa Anda hari Kamis, pukul 09.00 sampai 15.00 WITA.",
    ),
    (
        HelpTopic::Other,
        "Bolehkah mencetak dokumen di galeri?",
        "Boleh, sepuluh lembar pertama gratis. Silakan ke loket.",
    ),
];

/// Sites of citizens' appeals, with why they should be open.
pub(super) const APPEALS: [(&str, &str); 6] = [
    ("perpustakaan-desa.example", "Ini perpustakaan digital milik desa, bukan perjudian."),
    ("lomba-catur.example", "Situs lomba catur pelajar, bukan permainan uang."),
    ("klinik-sehat.example", "Saya perlu mendaftar pemeriksaan di klinik ini."),
    ("berita-sinjai.example", "Situs berita setempat, mohon dibuka."),
    ("toko-bibit.example", "Kami membeli bibit cengkih dari situs ini."),
    ("radio-bugis.example", "Radio berbahasa Bugis untuk tugas sekolah."),
];

/// Villages that the mobile centre visits.
pub(super) const VILLAGES: [&str; 8] = [
    "Desa Pattongko",
    "Desa Barania",
    "Desa Terasa",
    "Desa Bulukamase",
    "Desa Saohiring",
    "Desa Kalobba",
    "Desa Lamatti Rilau",
    "Desa Duampanuae",
];

/// What batches of vouchers are for.
pub(super) const NOTES: [&str; 6] =
    ["Kelas komputer", "Rapat desa", "Pelatihan UMKM", "Ujian daring", "Kunjungan sekolah", "Posyandu"];

/// Where requests are forwarded, by the number of the agency in the list of them.
pub(super) const FORWARDED: &str = "Mohon ditindaklanjuti.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_and_questions_could_have_been_typed_in() {
        for preset in presets().unwrap() {
            assert!(preset.mistakes(jiff::civil::date(2026, 11, 22)).is_empty(), "{:?}", preset.name);
        }
        for one in questions().iter().chain(&questions_of_gallery()) {
            assert!(!one.question.id.is_empty() && !one.answer.en.is_empty() && one.answer.id.chars().count() <= 1000);
        }
        for (_, asked, told) in ASKED {
            assert!(!asked.is_empty() && !told.is_empty());
        }
    }
}

# Mengapa yang diminta tidak dikerjakan: apa yang dicoba, mengapa tidak, lalu apa yang dapat dilakukan. Huruf kecil di awal dan tanpa
# titik: halaman menjadikannya kalimat.

# Kolom, seperti disebut halaman.
field-name = nama
field-agency = instansi
field-regency = kabupaten
field-contact = kontak
field-kind = jenis lokasi
field-wifi = nama Wi-Fi
field-place = desa
field-devices = perangkat
field-terms = ketentuan
field-holidays = hari libur
field-zone = zona waktu
field-week = jam pekanan
field-monday = Senin
field-tuesday = Selasa
field-wednesday = Rabu
field-thursday = Kamis
field-friday = Jumat
field-saturday = Sabtu
field-sunday = Minggu
field-exceptions = jam lain pada tanggal tertentu
field-overrides = perubahan oleh petugas
field-up = uplink ke arah unggah
field-down = uplink ke arah unduh
field-reason = alasan
field-use-time = Waktu pakai
field-use-before = Pakai sebelum
field-count = jumlah
field-group = kelompok
field-password = kata sandi
field-attendance = jumlah hadir

# Di mana saja.
at-site = lokasi {$site}: {$why}
text-device = jangan tulis alamat perangkat atau alamat IP di sini: isian ini tersimpan dalam jejak audit dan tidak dapat dihapus
text-length = tulis 1 sampai {$most} karakter
text-bytes = ada teks yang melebihi {$most} bita; persingkat
reason-for-visitors = wajib diisi; pengunjung membacanya
no-site = tidak ada lokasi "{$site}"
no-plan = tidak ada paket "{$plan}"
no-code = kode belum dapat dibuat; coba sekali lagi
no-number = nomor belum dapat dibuat; coba sekali lagi

# Loket.
order-reason = tulis paling banyak {$most} karakter; disimpan bersama perintah
order-time = waktunya harus antara satu menit dan {$hours} jam
order-until = pilih waktu yang akan datang, paling lama setahun lagi
order-unknown = perintah ini tidak dikenal
seat-broken = "{$seat}" sedang rusak; tandai dahulu bahwa kursi itu berfungsi lagi
queue-full = {$most} nomor sudah diambil hari ini; nomor berikutnya tersedia besok
order-block-seat = PC ini milik lokasi, jadi tidak diblokir; putuskan sesinya, dan PC terkunci sampai kursinya dibuka lagi
order-sent = gerbang sudah menerima perintah ini, jadi tidak dapat dibatalkan lagi; tunggu hasilnya
order-done = perintah ini sudah dijalankan gerbang
order-failed = perintah ini sudah gagal; tidak ada yang perlu dibatalkan
order-stays = pengakhiran kelas tidak dapat dibatalkan; buka kelas baru bila masih diperlukan
seat-keep = kursi dapat dipesan 5 menit sampai 4 jam
seat-kept = "{$seat}" sudah dipesan untuk yang lain; pilih kursi lain
queue-called = {$number} sudah dipanggil oleh {$who} (kursi: {$seat})
queue-present = {$number} sudah hadir
queue-gone = {$number} sudah dihapus atau lewat batas waktunya; ambil nomor baru
queue-yesterday = nomor dari formulir ini bukan nomor hari ini; ambil nomor baru
class-closed-site = lokasi sedang tutup; kelas dapat dibuka pada jam layanan
class-over = kelas ini sudah selesai
class-came = {$came} melebihi {$most}; periksa angkanya
class-title = beri kelas nama paling banyak {$most} karakter
class-until = pilih waktu berakhir yang akan datang, paling lama sehari lagi
class-nobody = pilih sedikitnya satu kursi PC, atau isi jumlah ponsel
class-no-seat = tidak ada kursi PC "{$seat}"
class-group = kelompok {$group} tidak termasuk kelompok kelas di lokasi ini

# Voucer, akun, kelompok.
voucher-group-many = voucer kelompok ini paling banyak {$most} sekaligus; buat sisanya sesudahnya
voucher-count = buat 1 sampai {$most} voucer sekaligus
voucher-use-time = 0 tidak mengizinkan siapa pun masuk; kosongkan untuk mengikuti paket
voucher-use-before = waktunya sudah lewat; pilih waktu yang akan datang
voucher-devices = tulis 1 atau lebih
voucher-of-group = voucer ini dibuat untuk kelompok lokasi; cabut voucer itu di kelompoknya
account-password = tulis 8 sampai 256 karakter
account-closed = akun {$account} sudah ditutup
group-empty = belum berisi lokasi; tambahkan dahulu
group-there = kelompok "{$group}" sudah ada; tambahkan lokasi ke dalamnya
group-has-sites = kelompok {$group} masih berisi lokasi ({$sites}); keluarkan semuanya dahulu
group-has-vouchers = { $vouchers ->
   *[other] kelompok {$group} masih mempunyai {$vouchers} voucer dalam catatan; kelompok tetap ada, tanpa lokasi
}
group-other-time = lokasi {$site} memakai waktu {$zone}, sedangkan {$other} memakai waktu {$known}; semua lokasi dalam satu kelompok harus memakai waktu yang sama
group-has-site = lokasi {$site} sudah ada dalam kelompok {$group}

# Paket.
plan-of-vouchers = { $vouchers ->
   *[other] paket {$plan} masih dipakai {$vouchers} voucer; cabut voucer itu dahulu
}
plan-of-accounts = { $accounts ->
   *[other] paket {$plan} masih dipakai {$accounts} akun; beri akun itu paket lain dahulu
}
plan-of-preset = paket {$plan} masih dipakai pilihan voucer {$preset}; beri pilihan itu paket lain dahulu
plan-of-sites = paket {$plan} masih dipakai di lokasi {$sites}; beri lokasi itu paket lain dahulu
plan-lent = paket {$plan}: batas harian dan bulanannya sedang dibagi untuk voucer kelompok; buat paket lain, atau cabut voucer itu
plan-missing = paket {$plan} dipakai tetapi tidak ada; pilih paket lain, atau buat paket itu
plan-twice = paket {$plan} tertulis dua kali
plans-none = tidak ada paket di dalamnya
plan-shapes = paket {$plan}: batas data harian dan bulanan harus berbentuk sama, keduanya jumlah seluruhnya atau keduanya per arah
plan-zero = paket {$plan}: {$limit} bernilai nol sehingga tidak dapat dipakai siapa pun; kosongkan bila tanpa batas
plan-extend = paket {$plan}: tambahannya tidak menambah apa pun; isi waktu atau data, berapa kali, dan batas sesi yang ditambah
plan-slow = paket {$plan}: melambat saat kuota habis memerlukan batas data dan kecepatan
plan-share = paket {$plan}: bagian uplink yang dijamin melebihi yang boleh dipakai pengunjungnya bersama-sama
plan-visit-time = waktu setiap sesi
plan-visit-bytes = data setiap sesi
plan-day-time = waktu setiap hari
plan-day-bytes = data setiap hari
plan-month-time = waktu setiap bulan
plan-month-bytes = data setiap bulan
plan-idle = batas waktu diam
plans-percent = paket {$plans} bersama-sama dijamin {$sum} % uplink; turunkan bagiannya sampai paling banyak 100 %
plans-rate = paket {$plans} bersama-sama dijamin {$sum}, padahal yang dibagikan {$shared} (95 % dari yang tertulis); turunkan bagiannya, atau tulis dalam persen

# Lokasi, setelan, jam.
site-wifi = nama jaringan terdiri atas 1 sampai 32 bita
site-one-tap-plan = masuk satu ketuk menyala dan memerlukan paket
site-one-tap-terms = masuk satu ketuk menyala dan memerlukan ketentuan yang disetujui pengunjung
site-there = nama pendek "{$site}" sudah dipakai lokasi lain; tulis nama pendek lain
site-fixed = lokasi {$site} bukan pusat layanan bergerak (MPLIK); tempatnya tetap
site-group-time = lokasi {$site} sekelompok dengan {$other} dalam {$group}, yang memakai waktu {$known}; keluarkan lokasi dari kelompok itu dahulu
site-clauses = lokasi {$site}: SOP di sana bersama-sama berisi {$clauses} klausul, lebih dari {$most}
device-group = {$address} adalah alamat kelompok, bukan perangkat
device-known = {$address} sudah terdaftar sebagai "{$label}"; ubah yang itu, atau periksa alamatnya
seat-twice = kursi "{$label}" sudah ada; beri nama lain
notice-text = tulis pengumumannya dalam Bahasa Indonesia
notice-until = waktunya sudah lewat; pilih waktu yang akan datang
device-idle = perangkat {$device}: batas waktu diam nol mengakhiri setiap sesi seketika; isi atau kosongkan
device-twice = {$address} tertulis dua kali
forward-zone = "{$zone}" bukan nama domain; tulis misalnya sinjaikab.go.id
forward-server = zona {$zone} memerlukan alamat peladen
level-unknown = {$level} bukan tingkat di atas lokasi
setting-nowhere = belum diatur di mana pun; tulis di lokasi atau di atasnya
setting-of-site = ditulis di lokasi, bukan di atasnya
settings-group-there = kelompok setelan {$name} sudah ada; beri nama lain
settings-group-sites = { $sites ->
   *[other] kelompok setelan {$name} masih berisi {$sites} lokasi; keluarkan dahulu
}
terms-changed = versi {$version} sudah tercatat dengan isi atau tanggal lain, dan pengunjung menyetujui yang itu; beri ketentuan baru nama versi baru
no-calendar = tidak ada kalender "{$name}"
calendar-of-level = kalender "{$name}" masih dipakai setelan {$level}; ubah setelan itu dahulu
calendar-line = baris {$line}: {$why}
calendar-days = tulis 1 sampai {$most} hari libur
calendar-no-event = tidak ada acara (VEVENT) di dalamnya
calendar-no-start = ada acara tanpa hari pertama (DTSTART)
calendar-date = "{$text}" bukan tanggal
calendar-repeats = ada acara yang berulang; tulis setiap harinya, sebab hari libur ditetapkan untuk tahunnya
holiday-name = {$date}: nama hari libur terdiri atas 1 sampai 200 karakter
holiday-order = {$date}: hari terakhirnya lebih awal daripada hari pertama
week-nowhere = belum diatur di mana pun; tulis jamnya, atau bahwa lokasi selalu buka, di lokasi atau di atasnya
hours-zone = "{$text}" bukan zona waktu; tulis Asia/Jakarta, Asia/Makassar, atau Asia/Jayapura
hours-window = "{$text}" bukan jam buka; tulis 08.00-22.00, atau 20.00-02.00 bila lewat tengah malam; 24.00 adalah akhir hari
hours-weekday = "{$name}" bukan hari; tulis mon, tue, wed, thu, fri, sat, sun
hours-always = lokasi selalu buka sekaligus mempunyai jam pekanan; pilih salah satunya
hours-none = belum ada jam buka; tulis kapan lokasi buka, atau bahwa lokasi selalu buka
hours-overlap = jamnya tumpang tindih; gabungkan, atau ubah salah satunya
hours-date = "{$text}" bukan tanggal; tulis 2026-08-17
hours-dates = tulis satu tanggal, atau tanggal pertama dan terakhir
hours-end-first = tanggal terakhir lebih awal daripada tanggal pertama
hours-until-first = akhirnya harus sesudah awalnya
early-passed = waktu itu sudah lewat; pilih waktu yang akan datang hari ini
early-closed = lokasi memang tutup pada waktu itu; pilih waktu lain

# Gerbang, siaga, cadangan, daftar penyaring.
gateway-elsewhere = gerbang {$gateway} melayani lokasi {$site}, bukan {$other}
gateway-there = gerbang bernama {$gateway} sudah ada; beri nama lain
enrol-not-pending = permintaan {$request} tidak lagi menunggu persetujuan
enrol-several = lebih dari satu permintaan berawalan {$request}; tulis lebih banyak angka
alert-channel = "{$channel}" tidak ada lagi dalam konfigurasi
alert-over = siaga {$alert} tidak dapat diambil: sudah selesai
alert-taken = siaga {$alert} tidak dapat diambil: sudah ditangani {$who}
alert-nobody = belum ada penerima; tulis [mail] atau [webhook] dalam konfigurasi
backup-nowhere = tulis dahulu bagian [backup] dalam controller.toml: tempat cadangan dan kuncinya
lists-not-fetched = daftar penyaring tidak diambil di sini; tulis katalognya sebagai controller.lists dalam konfigurasi
list-other-update = pembaruan daftar {$list} yang Anda lihat sudah berganti; muat ulang halamannya, lalu putuskan kembali
list-being-decided = {$who} sedang memutuskan pembaruan daftar {$list}; muat ulang halamannya untuk melihat hasilnya
lists-busy = terlalu banyak pekerjaan daftar menunggu; coba lagi beberapa menit lagi
screen-made-already = layar dari formulir ini sudah dibuat; jika tautannya belum tercatat, cabut layar itu lalu buat yang baru
screen-most = sudah ada {$most} layar; cabut dahulu layar yang tidak dipakai lagi
screen-reason = tulis alasan layar dicabut
screen-ended = layar {$name} sudah dicabut
list-reason = tulis alasan pembaruan diterima atau ditolak

# Permintaan, pertanyaan, keberatan.
request-no-words = isinya kosong; tulis apa yang ingin disampaikan
request-long-words = isinya melebihi {$most} karakter; persingkat
request-controls = isinya memuat karakter kendali; ketik ulang tanpa itu
request-agency = sebutkan instansi, paling banyak {$most} karakter
request-not-here = permintaan ini tidak lagi berada di meja ini
request-answered = permintaan ini sudah dijawab; buka kembali dahulu
request-with-agency = permintaan ini sedang di instansi lain; ambil kembali dahulu
request-appeal = ini pengajuan peninjauan; kabulkan atau tolak, maka pengunjung mendapat jawabannya
request-closed = permintaan ini sudah ditutup; buka kembali dahulu
request-forward = hanya petugas bantuan yang meneruskan; kembalikan dengan catatan kepada siapa seharusnya
request-not-forwarded = permintaan ini tidak sedang di instansi lain
request-closed-already = permintaan ini sudah ditutup
request-open = permintaan ini masih terbuka
request-decided = peninjauan diputus satu kali; mintalah pengunjung mengajukan yang baru
request-words = isinya kosong, melebihi {$most} karakter, atau memuat karakter kendali; perbaiki isinya
request-visit = nomor sesi tidak dikenali; tulis seperti pada halaman pengunjung, misalnya 4K7M-29QD
request-about = alamat situs melebihi {$most} karakter atau memuat karakter kendali; perbaiki alamatnya
request-contact = kontak melebihi {$most} karakter atau memuat karakter kendali; perbaiki kontaknya
faq-many = ada lebih dari {$most} pertanyaan; kurangi
faq-indonesian = pertanyaan {$number}: tulis pertanyaan dan jawabannya dalam Bahasa Indonesia
faq-english = pertanyaan {$number}: tulis pertanyaan dan jawabannya dalam bahasa Inggris, atau kosongkan keduanya
faq-long = pertanyaan {$number}: pertanyaan paling banyak {$question} karakter dan jawaban {$answer}, dalam setiap bahasa
faq-controls = pertanyaan {$number} memuat karakter kendali; ketik ulang tanpa itu
appeal-words = pengunjung berhak atas jawaban; tulis paling banyak {$most} karakter
appeal-decided = pengajuan peninjauan {$reference} sudah diputus
appeal-no-clause = pengajuan peninjauan {$reference} tidak menyebut klausul yang memblokir; ubah SOP dengan tangan

# SOP.
sop-large = {$file}: lebih dari {$most} bita
sop-second-person = {$author} menulis SOP {$sop}; orang kedua harus menyetujuinya
sop-reason = tulis alasan SOP tidak diberlakukan lagi
sop-binds = SOP {$sop} ({$number}) mengikat pihak lain; orang kedua harus setuju bahwa SOP ini tidak diberlakukan lagi
sop-state = SOP {$sop} berstatus {$state}; hanya yang berstatus {$good} dapat {$what}
sop-either = {$one} atau {$other}
sop-state-draft = draf
sop-state-approved = disetujui
sop-state-published = terbit
sop-state-replaced = diganti
sop-state-retired = tidak berlaku lagi
sop-state-discarded = dibuang
sop-for-approval = disetujui
sop-for-comparing = dibandingkan
sop-for-publishing = diterbitkan
sop-for-retiring = dihentikan
sop-for-trial = dicoba
sop-for-decree = diberi surat keputusan
sop-for-editing = disunting
sop-for-returning = dikembalikan
sop-for-discarding = dibuang
sop-return-second = SOP {$sop} ikut Anda susun ({$author}). Yang mengembalikannya orang lain; Anda dapat menyuntingnya sendiri.
sop-return-reason = tulis apa yang perlu diperbaiki
sop-reason-long = alasan paling banyak {$most} karakter; tulis lebih singkat
sop-newer-waits = {$number} sudah mempunyai revisi {$revision} yang lebih baru (SOP {$sop}); buka SOP itu dan lanjutkan dari sana
sop-decree-changed = surat keputusan SOP {$sop} diganti setelah halaman ini dibuka; baca yang sekarang, lalu setujui
sop-end-other = permintaan mengakhiri SOP {$sop} diganti oleh {$staff} setelah halaman ini dibuka; baca alasan yang sekarang, lalu setujui
sop-end-asked = {$staff} sudah meminta SOP {$sop} tidak diberlakukan lagi; orang kedua tinggal menyetujuinya
sop-end-not-asked = tidak ada permintaan untuk menghentikan SOP {$sop}; mungkin sudah ditarik atau sudah disetujui
sop-end-second = {$staff} yang meminta SOP {$sop} tidak diberlakukan lagi; orang lain yang harus menyetujuinya
sop-revision-had = {$number} sudah pernah mempunyai revisi {$last}; tulis revision = {$next} pada yang ini
sop-draft-waits = SOP {$sop} ({$number} revisi {$revision}, oleh {$author}) adalah draf yang menunggu dan akan hilang; lihat draf itu, setujui atau hentikan, lalu impor lagi
sop-trial-days = draf dicoba selama 1 sampai {$most} hari
sop-trials = {$most} draf sudah sedang dicoba; tunggu, atau hentikan salah satunya
sop-packs = instalasi ini sudah mempunyai SOP sendiri; impor yang ini sebagai draf, lalu mintalah orang kedua menyetujuinya
decree-large = surat keputusan berukuran {$bytes} bita, lebih dari {$most}; pindai dengan ukuran lebih kecil
decree-not-pdf = surat keputusan bukan PDF yang utuh; pindai atau ekspor lagi

# Orang.
grant-held = {$name} sudah menjadi {$role} di {$scope}
grant-missing = {$name} bukan {$role} di {$scope}

# Tahun contoh.
sample-not-empty = basis data ini sudah berisi lokasi; kabupaten contoh hanya dibuat dalam basis data kosong, agar tidak dikira nyata
rollout-settle = tiap gelombang dipantau 1 menit sampai {$most} hari
rollout-past = waktu mulai sudah lewat; tulis waktu yang akan datang
rollout-day = SOP ini baru berlaku mulai {$day}; sebelum hari itu gelombang tidak menguji apa pun. Mulai pada hari itu atau sesudahnya
rollout-shares = persentase gelombang harus naik, dari 1 sampai 100
rollout-waves = sesudah percontohan paling banyak ada {$most} gelombang
rollout-elsewhere = SOP ini tidak mengubah apa pun di lokasi {$site}; pilih percontohan lain
rollout-open = SOP {$sop} ({$number} revisi {$revision}) sedang diterbitkan bertahap; selesaikan penerbitan itu atau kembali ke revisi sebelumnya dahulu
rollout-state = penerbitan SOP {$sop} {$state}; langkah ini tidak dapat dilakukan sekarang
rollout-state-waiting = masih menunggu waktunya
rollout-state-running = sedang berjalan
rollout-state-stopped = sedang berhenti
rollout-state-done = sudah selesai
rollout-state-rolled-back = sudah ditarik
rollout-reason = tulis alasannya
rollout-for-rollback = ditarik
rollout-late = {$number} sudah berlaku di semua lokasi lebih dari {$days} hari; tulis revisi baru sebagai gantinya
rollout-only = SOP {$sop} ({$number}) tidak mempunyai revisi sebelumnya; hentikan SOP ini bila tidak boleh berlaku lagi

# Retensi dan penelusuran.
hold-month = tulis tahun dan bulan, misalnya 2026-08
hold-months = bulan terakhir tidak boleh sebelum bulan pertama, dan satu penahanan paling lama {$most} bulan
hold-state = penahanan untuk perkara {$number} sudah berubah; muat ulang halaman untuk melihat keadaannya sekarang
hold-second = {$staff} yang memintanya; orang lain yang harus menyetujuinya
hold-reason = tulis alasannya
lookup-mac = tulis alamat perangkat, misalnya 02:ab:00:00:00:0f
lookup-address = tulis alamat IPv4 privat, misalnya 10.7.3.41; alamat publik ditelusuri bersama portanya
lookup-public = tulis alamat IPv4 publik yang terlihat, misalnya 203.0.113.9
lookup-port = tulis porta yang terlihat, angka dari 1024 sampai 65535
lookup-port-off = tidak ada lokasi yang mencatat porta publik pada rentang waktu ini: atribusi NAT tidak dinyalakan di mana pun
lookup-port-span = porta publik ditelusuri paling lama {$most} menit; tulis waktu tepat saat porta itu terlihat
lookup-regency = pilih kabupaten atau kota yang mempunyai lokasi
lookup-site = pilih lokasi
lookup-time = tulis waktu awal dan akhir, misalnya 20 Nov 2026 dan 08.00
lookup-span = waktu akhir harus sesudah waktu awal, paling lama {$most} hari, dan tidak di masa depan
lookup-over = perkara {$number} sudah ditutup; hasilnya sudah dihapus
lookup-not-handed-out = hasil perkara {$number} hanya dapat diunduh peminta dan penyetujunya, selama masih terbuka
lookup-not-yours = hanya yang meminta dan yang menyetujui yang dapat menutupnya
lookup-refuse-reason = tulis mengapa permintaan ini ditolak
lookup-decided = permintaan untuk perkara {$number} sudah diputuskan atau sudah ditutup
lookup-second = {$staff} yang memintanya; orang lain yang harus memutuskannya
lookup-changed = permintaan ini tidak sama dengan yang Anda baca; baca lagi, lalu putuskan
field-case = nomor perkara
field-basis = dasar hukum
field-authority = instansi peminta
field-asked = yang dicari
field-span = waktu
field-first = bulan pertama
field-last = bulan terakhir
field-where = wilayah

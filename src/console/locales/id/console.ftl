# Bahasa Indonesia baku, "Anda": apa yang terjadi, lalu apa yang dapat dilakukan.
skip = Langsung ke isi
other-language = English
sign-out = Keluar
menu-main = Menu utama
menu-open = Menu
typed-is-back = Yang Anda tulis tadi sudah kembali di sini. Periksa, lalu kirim lagi.
menu-close = Tutup menu
menu-place = Lokasi layanan
menu-waiting = menunggu
menu-service = Pelayanan
menu-filter = Penyaring konten
menu-network = Jaringan
menu-report = Laporan
menu-department = Lembaga

front-search = Nama lokasi atau instansi
front-search-do = Cari
front-none-found = Tidak ada lokasi yang cocok
front-all = Lihat semua lokasi
front-title = Pilih lokasi layanan
front-title-duties = Tugas Anda
front-empty = Belum ada tugas untuk Anda
front-empty-do = Akun Anda belum diberi tugas. Hubungi pengelola agar tugas Anda ditambahkan.
front-duties = Tugas Anda
front-duties-do = Untuk tugas ini belum ada halaman di konsol. Mintalah bantuan pengelola jaringan.

oops-not-allowed = Halaman ini di luar tugas Anda
oops-not-allowed-do = Bila Anda memerlukannya, mintalah tugasnya kepada pengelola. Permintaan ini tidak mengubah apa pun.
oops-not-found = Halaman ini tidak ada
oops-not-found-do = Alamatnya mungkin salah ketik, atau isinya sudah dihapus.
oops-no-form = Alamat ini bukan halaman tersendiri
oops-no-form-do = Alamat ini hanya menerima formulir dari halaman lain. Tidak ada yang diubah; buka halamannya dari menu.
oops-foreign = Formulir ini dikirim dari situs lain
oops-foreign-do = Demi keamanan tidak ada yang diubah. Buka halamannya di konsol ini dan kirim kembali.
oops-stale = Formulir ini sudah tidak berlaku
oops-stale-do = Anda mungkin sudah keluar lalu masuk lagi. Kembali ke halaman sebelumnya, muat ulang, lalu kirim kembali.
oops-large = Formulir ini terlalu besar
oops-large-do = Kurangi isinya, lalu kirim kembali. Tidak ada yang diubah.
oops-refused = Belum dapat dilakukan
oops-refused-do = Tidak ada yang diubah. Kembali ke halaman sebelumnya, perbaiki, lalu kirim kembali.
oops-broken = Konsol belum dapat melakukannya
oops-broken-do = Tidak ada yang diubah. Coba lagi sebentar lagi; bila tetap gagal, beri tahu pengelola.
oops-back = Ke halaman awal

sample-title = Petugas loket

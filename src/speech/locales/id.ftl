# Waktu dan jumlah, di semua halaman.
months = Januari, Februari, Maret, April, Mei, Juni, Juli, Agustus, September, Oktober, November, Desember
weekdays = Senin, Selasa, Rabu, Kamis, Jumat, Sabtu, Minggu
at-clock = pukul {$clock}
tomorrow-at = besok pukul {$clock}
day-at = {$day} pukul {$clock}
seconds = {$n} detik
minutes = {$n} menit
hours = {$n} jam
days = {$n} hari

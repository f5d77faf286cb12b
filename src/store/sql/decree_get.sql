SELECT sha256, pdf FROM decree WHERE sha256 = $1

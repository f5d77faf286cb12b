SELECT made, file, octets, staff FROM backup ORDER BY made DESC LIMIT $1

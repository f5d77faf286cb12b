SELECT DISTINCT site FROM appeal WHERE decided > $1

# Calendars of holidays.
calendars-menu = Holidays
calendars-title = Calendars of holidays
calendars-sub = Holidays replace the week’s hours at the sites that keep their calendar.
calendars-about = Changes go to the gateways of the sites that keep it as soon as they are saved.
calendars-new = New calendar
calendars-none = There is no calendar yet
calendars-none-do = Make one, then choose it on each site’s page of hours. Holidays are decreed anew each year; none are built in.
calendars-name = Calendar’s name
calendars-name-hint = lower case letters, digits, hyphens; it never changes
calendars-next = Next holidays
calendars-over = no day is still to come; renew it
calendars-count = {$n ->
    [one] {$n} holiday
   *[other] {$n} holidays
  }
calendars-keepers = Sites that keep it
calendars-keepers-none = No site keeps it yet.
calendars-where = A calendar is chosen on a site’s page of hours, or in the settings above the sites.
calendars-days = Holidays
calendars-days-hint = One day or span to a line, for example “25 Dec 2026: Christmas” or “24 Dec 2026 – 26 Dec 2026: Collective leave”. Visitors read the names.
calendars-save = Save the calendar
calendars-import = Fill from a file
calendars-import-hint = iCalendar (.ics) with whole-day events, or TOML. It replaces the lines above; nothing is kept before you save it.
calendars-import-do = Read the file
calendars-taken = {$n ->
    [one] {$n} day was read from the file. Look at it, then save it.
   *[other] {$n} days were read from the file. Look at them, then save them.
  }
calendars-remove = Remove the calendar
calendars-remove-not = A calendar can be removed once no site keeps it.
calendars-unkept = The calendar is not saved yet
calendars-wrong-id = Name: write lower case letters, digits and hyphens, for example national-2027.
calendars-wrong-taken = Another calendar has this name.
calendars-wrong-empty = Write at least one holiday.
calendars-wrong-date = Line {$line}: this is no date. Write for example 25 Dec 2026: Christmas.
calendars-wrong-order = Line {$line}: the last date is earlier than the first.
calendars-wrong-name = Line {$line}: write the holiday’s name after the colon.
calendars-wrong-file = The file cannot be read: {$what}
news-calendar-saved = The calendar is saved and sent to the gateways.
news-calendar-removed = The calendar is removed.

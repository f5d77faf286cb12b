# Terms of use.
terms-menu = Terms
terms-title = Terms of use
terms-sub = Visitors accept a version; its words never change. To change them, write a new one.
terms-new = New version
terms-new-sub = Write it, check it, then put it in force. Nothing holds before you put it in force.
terms-none = There are no terms yet
terms-none-do = Write the first version. One-tap visits can be switched on once there are terms to accept.
terms-col-version = Version
terms-col-set = Set at
terms-col-accepted = Accepted
terms-version = Terms, version {$version}
terms-version-hint = letters, digits, dots, hyphens; it never changes
terms-since = In force since {$date}
terms-in-force = {$n ->
    [one] in force at {$n} site
   *[other] in force at {$n} sites
  }
terms-not-in-force = In force at no site
terms-set-nowhere = nowhere
terms-accepted = {$n ->
    [one] {$n} visit within the last 24 hours
   *[other] {$n} visits within the last 24 hours
  }
terms-without = Without terms: {$sites}. One-tap visits are off there.
terms-where = In force at
terms-print = Print of the text, as on the portal:
terms-no-english = There is none; visitors see the Indonesian text.
terms-from-this = Write a new version from this
terms-withdraw = Withdraw
terms-withdraw-about = Once withdrawn, what is set farther away holds again.
terms-put = Put in force also at
terms-put-do = Put this version in force
terms-place = In force for
terms-place-hint = sites below inherit it, unless they have terms of their own
terms-from = In force since
terms-text-hint = A paragraph to a line. The first four are seen on the portal’s first page.
terms-check = Check before it is in force
terms-check-do = Check
terms-check-about = One-tap visitors accept it when they next come in.
terms-would-reach = {$n ->
    [one] It would be in force at {$n} site.
   *[other] It would be in force at {$n} sites.
  }
terms-would-not-reach = Unchanged, because something is set nearer: {$sites}.
terms-first = There are no terms there yet; all of it is new.
terms-beside = Beside version {$version}: what is new is marked green, what is gone is struck through.
terms-publish = Put in force
terms-publish-about = Sent to the gateways at once. The old version stays kept.
terms-unkept = The terms are not saved yet
terms-wrong-version = Name of the version: write at most 40 letters, digits, dots or hyphens, for example 2027-1.
terms-wrong-taken = This version is there already, and its words never change. Give it another name.
terms-wrong-place = Choose where these terms are in force.
terms-wrong-empty = Write the text in both languages.
terms-wrong-long = This text has more than 16 kB. Shorten it; a phone with a weak signal has to load it.
news-terms-published = The terms are in force and sent to the gateways.
news-terms-set = This version is in force there, too, and sent to the gateways.
news-terms-withdrawn = This version is withdrawn there; the change is sent to the gateways.

# Plain English, short: what happened, then what to do.
months = January, February, March, April, May, June, July, August, September, October, November, December
weekdays = Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday
at-clock = at {$clock}
tomorrow-at = tomorrow at {$clock}
day-at = {$day} at {$clock}
seconds = { $n ->
    [one] {$n} second
   *[other] {$n} seconds
  }
minutes = { $n ->
    [one] {$n} minute
   *[other] {$n} minutes
  }
hours = { $n ->
    [one] {$n} hour
   *[other] {$n} hours
  }
days = { $n ->
    [one] {$n} day
   *[other] {$n} days
  }

skip = Skip to content
other-language = Bahasa Indonesia
help-nav = Help
help-link = Need help?
why-link = A site does not open?
privacy-link = Privacy
footer = A free public service of {$operator}. Emergency: {$emergency}, free of charge.
back = Back
try-again = Try again
note-issued = Issued {$when}
note-until = Ends {$when}.
waspada = Watch: {$title}
siaga = Alert: {$title}
awas = WARNING: {$title}
garden-title = Open without signing in

welcome-title = Welcome
welcome-sub = Free Internet for everyone.
fact-daily = every day
fact-visit = every visit
fact-bytes = of data
fact-closes = closing ({$zone})
fact-always = 24 hours
fact-always-note = always open
one-tap = Agree and connect
one-tap-note = By pressing the button above you accept the terms of use.
terms-short = The terms in short
terms-read = Read all
terms-read-version = Read all (version {$version}, in force since {$since})
terms-agree-before = By connecting you accept the
terms-agree-link = terms of use
way-voucher = I have a voucher code
way-voucher-note = 10 letters and digits on paper
way-account = Sign in with an account
way-account-note = For registered residents and students
way-one-tap = Connect without an account
way-one-tap-note = Free for everyone
no-way = Only staff can let you in here. Please ask the staff at this place.

voucher-title = Enter your voucher code
voucher-sub = It is on the paper from the staff.
voucher-ready-title = Use this code?
voucher-ready-sub = Compare it with your paper.
voucher-label = Voucher code
voucher-hint = 10 letters and digits. Spaces, dashes and lower case are fine.
connect = Connect
error-title = Something is wrong: {$title}
not-connected = Not connected yet
voucher-check = Check the voucher code
voucher-check-more = You can try again at once. The digits 0 and 1 and the letters O, I and L are never used.
account-check = Check the user name and password
account-check-more = You can try again at once.
form-stale = This page was open for too long. Press the button once more.
form-missing = Something is not filled in. Complete it and try again.

account-title = Sign in with an account
account-sub = Your plan follows your account.
account-name = User name
account-password = Password
account-button = Sign in and connect
account-forgot = Forgot your password, or no account yet?
account-forgot-text = Ask the staff. They can make a new password within a few minutes.

takeover-title = Continue on this device?
takeover-sub = Another device is still connected.
takeover-text = { $n ->
    [one] This plan is for one device at a time, and another one is using it. If you continue here, the other device is disconnected. Remaining time and data move with you.
   *[other] This plan is for {$n} devices at a time, and all are in use. If you continue here, one of them is disconnected. Remaining time and data move with you.
  }
takeover-button = Continue here
takeover-cancel = Cancel

status-title = You are connected
status-sub = Enjoy browsing.
status-slow-sub = Your data is used up; the connection is slower.
status-soon-title = {$left} left
status-soon-closing = The service closes {$when}.
status-soon-plan = Ends {$when}.
status-save = Save your work now
status-save-closing = The connection ends {$when}. Time cannot be extended past closing.
status-save-plan = The connection ends {$when}.
status-save-extend = You can still extend it with the button below.
time-left = Time left
time-left-percent = Time left {$percent} percent
time-ends-plan = Ends {$when}. A warning appears on this page 15 and 5 minutes before.
time-ends-closing = Ends {$when} because the site closes, not because your plan is used up.
time-ends-use-before = Ends {$when}, the last moment of your voucher.
time-doubt = The gate’s clock is being set. Your remaining time is still right.
bytes-left = Data left
bytes-left-up = Upload left
bytes-left-down = Download left
bytes-left-percent = {$label} {$percent} percent
bytes-of-visit = Of {$of} for this visit.
bytes-of-day = Of {$of} today.
bytes-of-month = Of {$of} this month.
bytes-of-voucher = Of {$of} on this voucher.
bytes-renews = New data {$when}.
extend-until = Extend until {$clock}
extend = Extend
extend-bytes = Add {$bytes} of data
log-out = Log out
row-speed = Speed
speed-both = Download {$down}, upload {$up}
speed-down = Download {$down}
speed-up = Upload {$up}
row-used = Used
used-both = Download {$down}, upload {$up}
row-closes = Closing time
row-plan = Plan
plan-devices = { $n ->
    [one] {$n} device
   *[other] {$n} devices
  }
row-number = Visit number
counted = Counted {$when}.
refresh = Refresh
come-back = To return to this page, open
uplink-down-title = The Internet is down
uplink-down-online = You stay signed in, and your time does not run meanwhile.
slowed-title = The connection is slower
slowed-text = Your data is used up. You stay connected at a low speed.

ended-out-title = You have logged out
ended-out-sub = Thank you for visiting.
ended-time-title = Your time is over
ended-day-title = Today’s time is over
ended-month-title = This month’s time is over
ended-bytes-title = Your data is used up
ended-bytes-day-title = Today’s data is used up
ended-bytes-month-title = This month’s data is used up
ended-bytes-voucher-title = The voucher’s data is used up
ended-share-title = This site’s part of the voucher is used up
ended-share-text = This voucher works at several sites, and each of them holds a part of it. There may be more: try again in a moment. If this site is cut off from the centre, the rest can be used once it is connected again.
ended-idle-title = Your visit ended
ended-idle-text = The connection was not used for a while, so this visit was ended.
ended-closing-title = The service has closed
ended-use-before-title = The voucher has expired
ended-staff-title = Staff ended your visit
ended-staff-text = Ask why at the counter or through Help.
ended-staff-reason = Reason: {$reason}
ended-staff-mistake = Do you think this is a mistake? Ask at the counter or through Help.
ended-taken-title = Moved to another device
ended-taken-text = This visit goes on on another device with the same voucher or account.
ended-address-title = Ended to keep you safe
ended-address-text = Another device appeared with the same address as yours. Please sign in again.
ended-other-title = Your visit ended
ended-other-text = Please sign in again.
ended-at = Ended {$when}.
again-time = New time {$when}.
again-bytes = New data {$when}.
again-pause = You can come back {$when}.
kept-both = {$time} and {$bytes} are kept for you.
kept-one = {$left} is kept for you.
kept-until = Connect again any time with the same code or account; the last moment is {$when}.
kept-later = Connect again any time, with the same code or account.
connect-again = Connect again
visit-was = This visit: {$time}, {$used}.
what-now = What you can do now
way-help = Ask the staff
way-help-note = By phone or at the counter

closed-title = Closed
closed-opens = Opens again {$when}.
closed-unknown = Ask the staff when it opens again.
closed-text = What is left on your voucher is not lost; use it when we open again.
nearby-title = Open 24 hours, close to here
hours-title = Opening hours
hours-shut = closed
day-today = {$day} (today)
day-tomorrow = {$day} (tomorrow)

blocked-title = This device cannot sign in
blocked-sub = Staff closed access for this device.
blocked-text = Do you think this is wrong? Contact the staff and say that access is closed for your device.
blocked-reason = Reason: {$reason}
contact-phone = Call {$phone}
uplink-down-sub = The network at this place is still on.
uplink-down-text = The line to the outside is broken, so we cannot connect you yet. Your voucher and your time are not used.
uplink-down-since = It went down {$when}.
uplink-down-next = The outage is on record. Try again in a few minutes.
uplink-clash-text = The outside network has the same addresses as this one, so the line cannot be used. Tell the staff: network addresses clash.
unknown-title = We do not know your device yet
unknown-sub = Your Wi-Fi connection may just have changed.
unknown-text = Turn Wi-Fi off and on, then press Try again. Turn off a VPN first.
emergency-title = The Internet is open for everyone
emergency-sub = It closes again {$when}.
emergency-text = Staff opened the gate in an emergency. You do not need to sign in. Leave room for important messages.
trusted-title = This device is always connected
trusted-sub = No need to sign in.
trusted-text = This device is registered with the staff, for example a printer or a counter computer.

refused-unknown-code = We do not know this voucher code. Check the code on the paper and try again.
refused-code-length = A voucher code has 10 letters and digits. Check the code on the paper and try again.
refused-used-up = This voucher is used up. Ask the staff for a new one.
refused-use-before = This voucher could be used before {$day}. Ask the staff for a new one.
refused-wrong-site = This voucher is for another place. Ask the staff here for a new one.
refused-wrong-site-named = This voucher is for {$site}. Ask the staff here for a new one.
refused-devices = { $n ->
    [one] This plan is for one device at a time, and another one is using it. Log out there first.
   *[other] This plan is for {$n} devices at a time, and all are in use. Log out on another device first.
  }
refused-password = The user name or password does not match. Check both and try again.
refused-https-title = Accounts cannot be used here yet
refused-https = This page is not protected (HTTPS), so we do not take passwords. Use a voucher or ask the staff.
refused-pause-title = Wait a little before you come back
refused-pause = There is a pause between two visits so that everyone gets a turn. You can come back {$when}.
refused-wait = Too many attempts. Wait {$wait} and try again.
refused-busy-title = The gate is busy
refused-busy = Many people are signing in. Wait a few seconds and try again.
refused-storage-title = We cannot connect you yet
refused-storage = The gate cannot write its records, so new visitors are not let in. Your voucher was not used. Please tell the staff.
refused-way-off-title = This way in is not used here
refused-way-off = Choose another way on the first page.
refused-terms = The terms of use have just changed. Read them in short and press the button again.
refused-clock-title = The gate’s clock is being set
refused-clock = The gate waits for the right time before it lets visitors in. Try again in a few minutes.
refused-not-offered-title = This cannot be continued
refused-not-offered = There is no visit to continue or extend. Please start again from the first page.

terms-title = Terms of use
terms-version = Version {$version}, since {$since}.
terms-print = Document fingerprint: {$print}
terms-short-1 = Free of charge. We do not ask for a phone number or e-mail; a user name only if you sign in with an account.
terms-short-2 = Do not open or spread content that the law forbids.
terms-short-3 = We record when and how much, not which sites you open.
terms-short-4 = Do not disturb the network or break the law.
terms-1-title = Who may use it
terms-1 = Everyone, free of charge.
terms-2-title = Limits
terms-2 = Time and data of your plan, during opening hours. The limits stand on the first page or on the voucher.
terms-3-title = Forbidden content
terms-3 = Content that the law forbids must not be opened or spread over this network. Access to some sites may be limited.
terms-4-title = Not allowed
terms-4 = Disturbing the network, fraud, breaking the law. A visit can be ended, and you are told why.
terms-5-title = Personal data
terms-5 = See the privacy notice.

privacy-title = Privacy in five lines
privacy-1 = We record when you are connected, how much data, and at which place.
privacy-2 = We do not record which sites you open.
privacy-3 = Device addresses are disguised before they leave this gateway.
privacy-4 = Records are destroyed after their retention time, unless law enforcement asks in writing.
privacy-5 = Responsible: {$operator}.
privacy-ask = Ask about your data

help-title = Need help?
help-sub = The staff are glad to help.
help-call = Call the staff
help-answers = Quick answers
help-q1 = The sign-in page does not appear
help-a1 = Open {$address} in your browser. Turn off VPN or private DNS.
help-a1-plain = Open any address that begins with http:// in your browser. Turn off VPN or private DNS.
help-q2 = Connected, but slow
help-a2 = When it is busy, speed is shared equally. Sit closer to the access point or come back at a quieter hour.
help-q3 = My remaining time goes down by itself
help-a3 = Time runs while you are connected. Press Log out to keep the rest.
help-number = Tell the staff this visit number

why-title = Why does it not open?
why-sub = Check from the top.
why-row-network = Network here
why-network-up = Fine
why-row-visit = Your visit
why-visit-on = Connected
why-visit-off = Not signed in
why-row-bytes = Your data left
why-connect = You are not connected. Sign in from the first page.
why-start = To the first page
why-blocked-title = Limited sites
why-blocked = Access to some sites may be limited, for example by the Internet provider. Do you think one is wrong? Ask the staff.
why-own-title = Your device
why-own = Turn off VPN, proxy or private DNS and try again.
why-site-title = The site itself
why-site = Try another site. If others open, that site may be down.

http-413-title = Too much was sent
http-413 = What was sent is larger than we accept. Go back and write less.
http-400-title = We cannot read this request
http-400 = Your browser sent something we do not understand. Go back to the first page and try again.
http-403-title = Not done
http-403 = This form was sent from another site, so we did not act on it. Start from the first page.

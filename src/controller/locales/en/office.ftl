# Why the office does not do what was asked: what was tried, why not, what to do. Small letters first and no full stop: a page
# makes sentences of them, the command line puts the field before them.

# Fields, as a page names them.
field-name = name
field-agency = agency
field-regency = regency
field-contact = contact
field-kind = kind of site
field-wifi = Wi-Fi name
field-place = village
field-devices = devices
field-terms = terms
field-holidays = holidays
field-zone = time zone
field-week = weekly hours
field-monday = Monday
field-tuesday = Tuesday
field-wednesday = Wednesday
field-thursday = Thursday
field-friday = Friday
field-saturday = Saturday
field-sunday = Sunday
field-exceptions = other hours on some dates
field-overrides = changes by staff
field-up = uplink, upward
field-down = uplink, downward
field-reason = reason
field-use-time = time to use
field-use-before = use before
field-count = number
field-group = group
field-password = password
field-attendance = attendance

# Everywhere.
at-site = site {$site}: {$why}
text-device = do not write a device's or an IP address here: this stays in the audit log and cannot be erased
text-length = write 1 to {$most} characters
text-bytes = a text has more than {$most} bytes
reason-for-visitors = say why, visitors read it
no-site = there is no site "{$site}"
no-plan = there is no plan "{$plan}"
no-code = no code could be drawn: try again
no-number = no number could be drawn: try again

# The counter.
order-reason = give one of at most {$most} characters; it is kept with the order
order-time = the time has to be between a minute and {$hours} hours
order-until = choose a time to come, within a year
order-unknown = this is no order
seat-broken = "{$seat}" is out of order: say that it works again first
queue-full = {$most} numbers were taken today: no more can be
order-block-seat = this PC is the site's own and is not blocked: end its visit, and it stays locked until its seat is opened again
order-sent = the gateway has this order already: it cannot be taken back; wait for its outcome
order-done = the gateway has carried this order out already
order-failed = this order has failed already: there is nothing to take back
order-stays = the end of a class cannot be taken back: open a new class if it is still needed
seat-keep = a seat can be kept for 5 minutes to 4 hours
seat-kept = "{$seat}" is kept for somebody else already: choose another seat
queue-called = {$number} was called already by {$who} (seat: {$seat})
queue-present = {$number} is present already
queue-gone = {$number} was removed or its time is over: take a new number
queue-yesterday = this form's number is not one of today: take a new number
class-closed-site = the site is closed now: a class cannot be opened
class-over = this class is over already
class-came = {$came} is more than {$most}
class-title = give the class a name of at most {$most} characters
class-until = choose a time to come, within a day
class-nobody = choose at least one PC seat, or say how many phones
class-no-seat = there is no PC seat "{$seat}"
class-group = {$group} is not among the site's groups for classes

# Vouchers, accounts, groups.
voucher-group-many = at most {$most} vouchers of this group at once; make the rest afterwards
voucher-count = make 1 to {$most} vouchers at once
voucher-use-time = 0 lets nobody in; leave it out for what the plan says
voucher-use-before = lies in the past
voucher-devices = write 1 or more
voucher-of-group = this voucher was made for a group of sites: withdraw it there
account-password = write 8 to 256 characters
account-closed = account {$account} is closed already
group-empty = it has no sites; add them first
group-there = there is a group "{$group}" already: add sites to it
group-has-sites = group {$group} has sites ({$sites}): take them out of it first
group-has-vouchers = { $vouchers ->
    [one] group {$group} has {$vouchers} voucher in the books: it stays, without sites
   *[other] group {$group} has {$vouchers} vouchers in the books: it stays, without sites
}
group-other-time = site {$site} keeps the time of {$zone} and {$other} that of {$known}: the sites of a group need one day
group-has-site = site {$site} is in group {$group} already

# Plans.
plan-of-vouchers = { $vouchers ->
    [one] plan {$plan} is used by {$vouchers} voucher: withdraw it first
   *[other] plan {$plan} is used by {$vouchers} vouchers: withdraw them first
}
plan-of-accounts = { $accounts ->
    [one] plan {$plan} is used by {$accounts} account: give it another first
   *[other] plan {$plan} is used by {$accounts} accounts: give them another first
}
plan-of-preset = plan {$plan} is used by preset {$preset}: give it another first
plan-of-sites = plan {$plan} is used at {$sites}: give those sites another first
plan-lent = plan {$plan}: its limits of day and month are lent out for vouchers of a group; make another plan, or withdraw those vouchers
plan-missing = plan {$plan} is used and not there
plan-twice = plan {$plan} stands there twice
plans-none = there is no plan in it
plan-shapes = plan {$plan}: day and month must limit bytes the same way, both in total or both by direction
plan-zero = plan {$plan}: {$limit} is zero, so nobody could use it; leave it out for no limit
plan-extend = plan {$plan}: extending adds nothing: it needs a time or bytes, a number of times, and a visit limit to extend
plan-slow = plan {$plan}: slowing down at the end needs a byte limit and a speed
plan-share = plan {$plan}: its guaranteed part of the uplink is more than its visitors may use together
plan-visit-time = the time of a visit
plan-visit-bytes = the data of a visit
plan-day-time = the time of a day
plan-day-bytes = the data of a day
plan-month-time = the time of a month
plan-month-bytes = the data of a month
plan-idle = the idle time
plans-percent = plans {$plans} are guaranteed {$sum} % of the uplink together: lower their shares to 100 % or less
plans-rate = plans {$plans} are guaranteed {$sum} together, and {$shared} are handed out (95 % of what is stated): lower their shares, or state them in percent

# Sites, settings, hours.
site-wifi = a network's name has 1 to 32 bytes
site-one-tap-plan = one tap is on and needs a plan
site-one-tap-terms = one tap is on and needs terms to accept
site-there = the short name "{$site}" is another site's already; write another one
site-fixed = site {$site} is no mobile centre (MPLIK): it has a fixed place
site-group-time = site {$site} is in group {$group} with {$other}, which keeps the time of {$known}: take it out of the group first
site-clauses = site {$site}: its SOPs have {$clauses} clauses together, more than {$most}
device-group = {$address} is a group address, never a device
device-known = {$address} is known as "{$label}" already; change that one, or check the address
seat-twice = there is a seat "{$label}" already; give it another name
notice-text = write the notice in Bahasa Indonesia
notice-until = lies in the past; choose a time to come
device-idle = device {$device}: an idle time of zero would end every visit at once
device-twice = {$address} stands there twice
forward-zone = "{$zone}" is not a domain name, for example sinjaikab.go.id
forward-server = zone {$zone} needs the address of a server
level-unknown = {$level} is no level above the sites
setting-nowhere = is set nowhere: write it at the site or above it
setting-of-site = is written at the site, not above it
settings-group-there = there is a group of settings {$name} already
settings-group-sites = { $sites ->
    [one] group of settings {$name}: {$sites} site is in it: take it out first
   *[other] group of settings {$name}: {$sites} sites are in it: take them out of it first
}
terms-changed = version {$version} is written down with other words or another day; visitors accepted those: give the new ones a new version
no-calendar = there is no calendar "{$name}"
calendar-of-level = there would be no calendar "{$name}", which the settings of {$level} name: change those first
calendar-line = line {$line}: {$why}
calendar-days = write 1 to {$most} holidays
calendar-no-event = there is no event (VEVENT) in it
calendar-no-start = an event without a first day (DTSTART)
calendar-date = "{$text}" is not a date
calendar-repeats = an event that repeats: write each day, a holiday is decreed for its year
holiday-name = {$date}: a holiday has a name of 1 to 200 characters
holiday-order = {$date}: its last day lies before it
week-nowhere = is set nowhere: write the hours, or that it is always open, at the site or above it
hours-zone = "{$text}" is not a time zone: use Asia/Jakarta, Asia/Makassar or Asia/Jayapura
hours-window = "{$text}" is not a window of a day: write 08.00-22.00, or 20.00-02.00 past midnight; 24.00 is the end of the day
hours-weekday = "{$name}" is not a weekday: use mon, tue, wed, thu, fri, sat, sun
hours-always = it is always open and has weekly hours: choose one of them
hours-none = has no window: say when the site is open, or that it is always open
hours-overlap = has windows that overlap: join them, or change one of them
hours-date = "{$text}" is not a date: write 2026-08-17
hours-dates = needs either one date, or both the first and the last
hours-end-first = the last date must not be before the first
hours-until-first = its end must be later than its beginning
early-passed = has passed already
early-closed = the site is closed then anyway

# Gateways, alerts, backups, lists.
gateway-elsewhere = gateway {$gateway} serves site {$site}, not {$other}
gateway-there = there is a gateway {$gateway} already: give another name
enrol-not-pending = request {$request} is no longer pending
enrol-several = more than one request begins with {$request}: write more digits
alert-channel = "{$channel}" is not in the configuration any more
alert-over = alert {$alert} cannot be taken: it is over
alert-taken = alert {$alert} cannot be taken: {$who} takes care of it
alert-nobody = nobody would be told: write [mail] or [webhook] into the configuration
backup-nowhere = write [backup] into controller.toml first: where backups go, and their key
lists-not-fetched = no lists are fetched here: name a catalogue as controller.lists in the configuration
list-other-update = the update of the list {$list} that you saw has changed: load the page again, then decide
list-being-decided = {$who} is deciding on the update of the list {$list}: load the page again to see what came of it
lists-busy = too much waits to be done with lists: try again in a few minutes
screen-made-already = the screen of this form was made already: if its link was not noted, take that screen back and make a new one
screen-most = there are {$most} screens already: first take back one that is not used any more
screen-reason = say why the screen is taken back
screen-ended = the screen {$name} was taken back already
list-reason = say why the update is let through or turned down

# Requests, questions, appeals.
request-no-words = write what is to be said: the words are empty
request-long-words = the words have more than {$most} characters
request-controls = the words have control characters
request-agency = name the agency, in at most {$most} characters
request-not-here = the request is not at this desk any more
request-answered = the request is answered: reopen it first
request-with-agency = the request is with another agency: take it back first
request-appeal = this is an appeal: grant or deny it, and the citizen has the answer
request-closed = the request is closed: reopen it first
request-forward = only the helpdesk forwards: return it with a word on whose it is
request-not-forwarded = the request is not with another agency
request-closed-already = the request is closed already
request-open = the request is open
request-decided = an appeal is decided once: ask the citizen to file another
request-words = the words are empty, have more than {$most} characters or control characters
request-visit = the visit's number is not one: write it as on the visitor's page, for example 4K7M-29QD
request-about = the site asked about has more than {$most} characters or control characters
request-contact = the contact has more than {$most} characters or control characters
faq-many = there are more than {$most} questions
faq-indonesian = question {$number}: write both question and answer in Bahasa Indonesia
faq-english = question {$number}: write both question and answer in English, or neither
faq-long = question {$number}: a question has at most {$question} characters, an answer {$answer}, in each language
faq-controls = question {$number} has control characters
appeal-words = the citizen is owed an answer: write one of at most {$most} characters
appeal-decided = appeal {$reference} is decided already
appeal-no-clause = appeal {$reference} names no clause that refused: change the SOP by hand

# SOPs.
sop-large = {$file}: more than {$most} bytes
sop-second-person = {$author} wrote SOP {$sop}: a second person has to approve it
sop-reason = say why the SOP is taken out of force
sop-binds = SOP {$sop} ({$number}) binds others: a second person has to agree that it is taken out of force
sop-state = SOP {$sop} is {$state}: only one that is {$good} can be {$what}
sop-either = {$one} or {$other}
sop-state-draft = draft
sop-state-approved = approved
sop-state-published = published
sop-state-replaced = replaced
sop-state-retired = retired
sop-state-discarded = discarded
sop-for-approval = approved
sop-for-comparing = compared
sop-for-publishing = published
sop-for-retiring = retired
sop-for-trial = tried
sop-for-decree = given a decree
sop-for-editing = edited
sop-for-returning = given back
sop-for-discarding = thrown away
sop-return-second = you wrote at SOP {$sop} yourself ({$author}): somebody else gives it back, and you may edit it
sop-return-reason = say what is to be changed
sop-reason-long = a reason has at most {$most} characters: say it shorter
sop-newer-waits = {$number} has a newer revision {$revision} (SOP {$sop}): open that one and go on from there
sop-decree-changed = the decree of SOP {$sop} was changed after this page was opened: read the one it has now, then approve
sop-end-other = {$staff} asked anew that SOP {$sop} is taken out of force, after this page was opened: read the reason that is given now, then agree
sop-end-asked = {$staff} has asked already that SOP {$sop} is taken out of force: a second person only has to agree
sop-end-not-asked = nobody asks that SOP {$sop} is taken out of force: it was taken back, or agreed to
sop-end-second = {$staff} asked that SOP {$sop} is taken out of force: somebody else has to agree
sop-revision-had = {$number} has had revision {$last} already: write revision = {$next} in this one
sop-draft-waits = SOP {$sop} ({$number} revision {$revision}, by {$author}) is a draft that waits and would be lost: look at it, have it approved or retire it, then import again
sop-trial-days = a draft is tried for 1 to {$most} days
sop-trials = {$most} drafts are tried already: wait, or retire one of them
sop-packs = this installation has SOPs of its own already: import these as drafts, and let a second person approve them
decree-large = the decree has {$bytes} bytes, more than {$most}: scan it smaller
decree-not-pdf = the decree is not a whole PDF: scan or export it again

# People.
grant-held = {$name} is {$role} in {$scope} already
grant-missing = {$name} is not {$role} in {$scope}

# A made-up year.
sample-not-empty = this database has sites: a made-up regency goes only into an empty one, so that nobody takes it for real
rollout-settle = each wave is watched for 1 minute to {$most} days
rollout-past = the time to begin is over; write one that is to come
rollout-day = this SOP holds from {$day} only; before that day waves would test nothing. Begin on that day or later
rollout-shares = the percentages of the waves have to grow, from 1 to 100
rollout-waves = after the pilot sites there are {$most} waves at most
rollout-elsewhere = this SOP changes nothing at site {$site}; choose other pilot sites
rollout-open = SOP {$sop} ({$number} revision {$revision}) is being published in waves; let it finish or go back to the revision before first
rollout-state = the rollout of SOP {$sop} {$state}; this cannot be done now
rollout-state-waiting = still waits for its time
rollout-state-running = is under way
rollout-state-stopped = is stopped
rollout-state-done = is done
rollout-state-rolled-back = was withdrawn
rollout-reason = write the reason
rollout-for-rollback = withdrawn
rollout-late = {$number} has been in force at all sites for more than {$days} days; write a new revision instead
rollout-only = SOP {$sop} ({$number}) has no revision before it; retire it if it must not be in force any more

# Retention and look-ups.
hold-month = write year and month, for example 2026-08
hold-months = the last month must not be before the first, and one hold spans at most {$most} months
hold-state = the hold for case {$number} has changed; load the page again to see how it stands
hold-second = {$staff} asked for it; somebody else has to agree
hold-reason = write why
lookup-mac = write the address of a device, for example 02:ab:00:00:00:0f
lookup-address = write a private IPv4 address, for example 10.7.3.41; a public address is looked up with its port
lookup-public = write the public IPv4 address as it was seen, for example 203.0.113.9
lookup-port = write the port as it was seen, a number from 1024 to 65535
lookup-port-off = no site noted public ports in this span: NAT attribution was switched off everywhere
lookup-port-span = a public port is looked up for at most {$most} minutes; ask for the very time that it was seen
lookup-regency = choose a regency that has sites
lookup-site = choose a site
lookup-time = write when it begins and ends, for example 20 Nov 2026 and 08:00
lookup-span = the end has to be after the beginning, at most {$most} days later, and not in the future
lookup-over = case {$number} is closed; what was found is erased
lookup-not-handed-out = what case {$number} found can be taken out only by who asked and who agreed, while it is open
lookup-not-yours = only who asked and who agreed can close it
lookup-refuse-reason = write why this request is refused
lookup-decided = the request for case {$number} was decided or closed already
lookup-second = {$staff} asked for it; somebody else has to decide
lookup-changed = this request is not what you read; read it again, then decide
field-case = case number
field-basis = legal basis
field-authority = requesting authority
field-asked = what is looked for
field-span = time
field-first = first month
field-last = last month
field-where = where

# What happened, then what can be done.
skip = Skip to content
other-language = Bahasa Indonesia
sign-out = Sign out
menu-main = Main menu
menu-open = Menu
typed-is-back = What you had typed is back here. Look at it, then send it again.
menu-close = Close menu
menu-place = Service site
menu-waiting = waiting
menu-service = Service
menu-filter = Content filter
menu-network = Network
menu-report = Reports
menu-department = Department

front-search = Name of the site or agency
front-search-do = Find
front-none-found = No site matches
front-all = See all sites
front-title = Choose a service site
front-title-duties = Your duties
front-empty = There is no duty for you yet
front-empty-do = Your account has no duty. Ask an administrator to add one.
front-duties = Your duties
front-duties-do = There is no page in the console for this duty yet. Ask the network administrator for help.

oops-not-allowed = This page is outside your duties
oops-not-allowed-do = If you need it, ask an administrator for the duty. Nothing was changed.
oops-not-found = There is no such page
oops-not-found-do = The address may be mistyped, or what was there was removed.
oops-no-form = This address is no page of its own
oops-no-form-do = A form is sent here from another page. Nothing was changed; open that page from the menu.
oops-foreign = This form came from another site
oops-foreign-do = For safety nothing was changed. Open the page in this console and send it again.
oops-stale = This form is no longer valid
oops-stale-do = You may have signed out and in again. Go back, reload the page and send it again.
oops-large = This form is too large
oops-large-do = Shorten it and send it again. Nothing was changed.
oops-refused = This cannot be done yet
oops-refused-do = Nothing was changed. Go back, correct it and send it again.
oops-broken = The console could not do this
oops-broken-do = Nothing was changed. Try again in a moment; if it still fails, tell an administrator.
oops-back = To the first page

sample-title = Counter clerk

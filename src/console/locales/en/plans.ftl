# Plans: visitors' limits.
plans-menu = Plans
plans-title = Plans
plans-sub = Limits of visitors' time, data and speed, at all sites.
plans-new = New plan
plans-none = There is no plan yet
plans-none-do = Make the first one; vouchers, accounts and one-tap visits use it.
plans-name = Name of the plan
plans-name-hint = visitors read it
plans-id = Short name
plans-id-hint = small letters, digits, hyphens; it never changes
plans-group = Group of the content filter
plans-group-hint = empty: umum
plans-limits = Limits
plans-speed = Speed
plans-device-group = Devices
plans-device-count = Devices at once
plans-devices = { $n ->
    [one] {$n} device
   *[other] {$n} devices
}
plans-used = Used by
plans-unused = nothing
plans-used-sites = { $n ->
    [one] {$n} site
   *[other] {$n} sites
}
plans-used-presets = { $n ->
    [one] {$n} preset
   *[other] {$n} presets
}
plans-used-vouchers = { $n ->
    [one] {$n} voucher
   *[other] {$n} vouchers
}
plans-used-accounts = { $n ->
    [one] {$n} account
   *[other] {$n} accounts
}
plans-used-by = This plan is used by {$what}. Once nothing uses it, it can be removed.
plans-each-visit = {$amount} each visit
plans-each-day = {$amount} each day
plans-each-month = {$amount} each month
plans-unlimited = no limit
plans-visit = Each visit
plans-day = Each day
plans-month = Each month
plans-empty-hint = Empty means no limit.
plans-time = Time
plans-bytes = Data
plans-minutes = minutes
plans-up = Upload
plans-down = Download
plans-idle = Ends when idle
plans-idle-hint = Idle: a session ends when the device has sent nothing for so long.
plans-extend = Extension by the visitor
plans-extend-hint = Empty means that visitors cannot extend by themselves.
plans-times = How often
plans-slow = When the data is used up
plans-slow-hint = The session ends, or goes on more slowly.
plans-cut = The session ends
plans-go-on = It goes on at this speed
plans-save = Save the plan
plans-cancel = Cancel
plans-remove = Remove the plan
plans-remove-hint = Nothing uses this plan.
plans-unkept = The plan is not saved yet
plans-wrong-id = Short name: write small letters, digits and hyphens, for example pelajar-2.
plans-wrong-taken = Another plan has this short name.
plans-wrong-name = Write the plan's name, at most 60 letters.
plans-wrong-group = That is no group. Write small letters, for example anak.
plans-wrong-number = Write a whole number above zero, or leave it empty.
plans-wrong-devices = Write at least one device.
plans-wrong-shapes = Data of a day and of a month have to be counted the same way; limits by direction are changed in a file only.
plans-wrong-extend = An extension needs time or data, how often, and a limit of the visit that it extends.
plans-wrong-slow = Going on more slowly needs a limit of data and a speed.
plans-wrong-share = More of the uplink is guaranteed than the plan's visitors may use together.
news-plan-saved = The plan is saved and sent to the gateways.
news-plan-removed = The plan is removed.

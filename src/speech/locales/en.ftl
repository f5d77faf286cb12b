# Times and amounts, on every page.
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

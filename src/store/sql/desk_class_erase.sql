UPDATE desk_class SET document = '{}', who = '', title = '' WHERE until < $1 AND document <> '{}'

SELECT site, document, told FROM desk_view WHERE site = $1

# How the portal looks.
looks-menu = Portal’s look
looks-title = Portal’s look
looks-sub = Name, welcome, colours and logo that visitors see. What is set nearer to a site holds there.
looks-of = Portal’s look: {$place}
looks-above = Above the sites
looks-place = Place
looks-set = Set here
looks-set-own = Set by the site itself
looks-for = Holds for
looks-reaches = {$n ->
    [one] {$n} site
   *[other] {$n} sites
  }
looks-nothing = nothing
looks-usual = the usual look
looks-sites-none = There is no site yet.
looks-colours-set = {$n ->
    [one] {$n} colour
   *[other] {$n} colours
  }
looks-texts = other texts
looks-words = Name and texts
looks-name = Name on the page
looks-name-hint = In place of the site’s name.
looks-welcome = Welcome
looks-service = Name of the service
looks-help-hours = Hours of help
looks-help-counter = Where the counter is
looks-privacy = Page about privacy, a paragraph to a line
looks-indonesian = Indonesian
looks-english = English
looks-empty-from = Empty: from {$level}.
looks-empty-usual = Empty: as usual.
looks-empty-colour = Empty: {$colour}, from {$level}.
looks-empty-colour-usual = Empty: {$colour}, as usual.
looks-colours = Colours
looks-colours-hint = Six hexadecimal digits, for example #0b4a50. Text needs a contrast of at least 4.5 : 1.
looks-colour-brand = Colour of the head
looks-colour-brand-2 = Second colour of the head
looks-colour-on-brand = Text on the head
looks-colour-on-brand-2 = Small text on the head
looks-colour-accent = Colour of the main button
looks-colour-accent-edge = Edge of the main button
looks-colour-on-accent = Text on the main button
looks-logo = Logo
looks-logo-svg = Content of the SVG file
looks-logo-hint = Paste all of it: <path> shapes of one colour with a viewBox, at most 2,000 bytes of path data.
looks-save = Save the look
looks-unkept = The look is not saved yet
looks-preview = Preview
looks-preview-do = Show the preview
looks-preview-hint = Nothing is saved.
looks-preview-site = Seen at
looks-preview-page = Page
looks-preview-language = Language of the preview
looks-preview-none = There is no site here yet. The preview appears once there is one.
looks-page-welcome = First page
looks-page-terms = Terms
looks-page-privacy = Privacy
looks-light = Light screen
looks-dark = Dark screen
looks-readable = All text can be read
looks-faint-pair = {$front} on {$back}
looks-faint = {$pair}: contrast {$ratio} : 1. Move their lightness apart; people need 4.5 : 1.
looks-faint-dark = On dark screens, {$pair}: contrast {$ratio} : 1. Move their lightness apart; people need 4.5 : 1.
looks-faint-at = {$what} ({$sites})
looks-wrong-long = This text is too long. Shorten it.
looks-wrong-logo = The logo cannot be used. Save it as a plain SVG of <path> shapes in one colour, with a viewBox, then paste its content.
looks-wrong-colour = This is no colour. Write # and six digits, for example #0b4a50, or leave it empty.
looks-wrong-english-only = Write the Indonesian text, too; visitors read it first.
news-look-saved = The look is saved and sent to the gateways.

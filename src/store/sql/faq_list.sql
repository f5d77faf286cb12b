SELECT site, document, changed FROM faq WHERE site = $1 OR site = '' ORDER BY site

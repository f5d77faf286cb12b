SELECT site, document, changed FROM faq ORDER BY site

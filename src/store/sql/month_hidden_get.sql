SELECT month, document, decided FROM month_hidden WHERE month = $1

SELECT receiver, event, told, trouble, stopped FROM request_export ORDER BY receiver

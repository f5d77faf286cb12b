SELECT receiver, event, told, trouble, stopped FROM request_export WHERE receiver = $1

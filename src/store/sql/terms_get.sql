SELECT version, document, made FROM terms WHERE version = $1

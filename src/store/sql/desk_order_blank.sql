UPDATE desk_order SET document = ''
WHERE kind = 'move' AND expires < $1 AND (document LIKE 'sealed:%' OR document LIKE '%"code"%')

DELETE FROM filter_count WHERE hour < $1

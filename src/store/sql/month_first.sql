SELECT CAST(coalesce(min(hour), 0) AS BIGINT) AS number FROM usage_hour WHERE hour >= 1577836800000

SELECT site, gateway, heard, heartbeat, offered, verdict, detail, judged, applied FROM gateway_report
WHERE site = $1 ORDER BY gateway

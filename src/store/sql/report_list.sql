SELECT site, gateway, heard, heartbeat, offered, verdict, detail, judged, applied FROM gateway_report ORDER BY site, gateway

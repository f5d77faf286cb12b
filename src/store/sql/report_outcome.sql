INSERT INTO gateway_report (site, gateway, offered, verdict, detail, judged, applied) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (site, gateway) DO UPDATE SET offered = excluded.offered, verdict = excluded.verdict, detail = excluded.detail,
    judged = excluded.judged,
    applied = CASE WHEN excluded.applied > gateway_report.applied THEN excluded.applied ELSE gateway_report.applied END

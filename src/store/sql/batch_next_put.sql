INSERT INTO usage_next (site, gateway, boot, next) VALUES ($1, $2, $3, $4)
ON CONFLICT (site, gateway, boot) DO UPDATE SET next = excluded.next WHERE excluded.next > usage_next.next

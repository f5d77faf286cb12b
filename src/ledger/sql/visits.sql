SELECT
    id, lan, mac, holder_kind, holder, way, plan, voucher, terms_version, terms_hash, boot, started, updated, updated_up,
    active_up, used, frozen, bytes_up, bytes_down, staff_time, extra_time, extra_bytes, extended, slowed,
    slot, slot_generation, reading_up, reading_down, silent
FROM visit
ORDER BY id

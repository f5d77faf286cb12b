INSERT INTO visit (
    id, lan, mac, holder_kind, holder, way, plan, voucher, terms_version, terms_hash, boot, started, updated, updated_up,
    active_up, used, frozen, bytes_up, bytes_down, staff_time, extra_time, extra_bytes, extended, slowed,
    slot, slot_generation, reading_up, reading_down, silent
) VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
    ?25, ?26, ?27, ?28, ?29
)
ON CONFLICT (id) DO UPDATE SET
    lan = excluded.lan, mac = excluded.mac, updated = excluded.updated, updated_up = excluded.updated_up,
    active_up = excluded.active_up, used = excluded.used, silent = excluded.silent, frozen = excluded.frozen, bytes_up = excluded.bytes_up,
    bytes_down = excluded.bytes_down, staff_time = excluded.staff_time, extra_time = excluded.extra_time,
    extra_bytes = excluded.extra_bytes, extended = excluded.extended, slowed = excluded.slowed,
    slot = coalesce(excluded.slot, slot), slot_generation = coalesce(excluded.slot_generation, slot_generation),
    reading_up = coalesce(excluded.reading_up, reading_up), reading_down = coalesce(excluded.reading_down, reading_down)

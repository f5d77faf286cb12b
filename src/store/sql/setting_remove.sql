DELETE FROM setting_group WHERE level = $1 AND name = $2

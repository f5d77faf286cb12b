DELETE FROM setting_member WHERE site = $1

"""Times to the second and with their zone: the operators' pages are read beside the ledger, which is in UTC."""

DATETIME_FORMAT = "j M Y, H:i:s e"
SHORT_DATETIME_FORMAT = DATETIME_FORMAT

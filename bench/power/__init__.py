"""False alarms and misses of the monitoring, beside those of other rules on the same draws."""

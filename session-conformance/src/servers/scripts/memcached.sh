# One memcached.
exec memcached -l "$BIND" -p "$PORTS" -U 0 "$@"

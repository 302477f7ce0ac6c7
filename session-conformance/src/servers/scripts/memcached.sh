# One memcached.
node "$PORTS" memcached -l "$BIND" -p "$PORTS" -U 0 "$@" &
run_nodes TERM

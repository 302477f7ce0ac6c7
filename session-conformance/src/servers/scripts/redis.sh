# One Redis, which keeps nothing on disk unless it is told to.
node "$PORTS" "$server" --port "$PORTS" --bind "$BIND" --requirepass "$PASSWORD" --save '' "$@" &
run_nodes TERM

# One PostgreSQL. It survives a crash of its own, not one of the machine.
printf %s "$PASSWORD" >password
initdb --pgdata data --username postgres --pwfile password --auth scram-sha-256 --encoding UTF8 --locale C \
    --no-sync >/dev/null || exit
node "$PORTS" postgres -D data -p "$PORTS" -c listen_addresses="$BIND" -c unix_socket_directories='' \
    -c dynamic_shared_memory_type=mmap -c fsync=off -c max_connections=300 "$@" &
run_nodes INT

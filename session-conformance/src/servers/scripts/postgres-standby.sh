# One PostgreSQL that follows another. The first argument is the connection string of the other one, the rest are settings.
primary=$1
shift
pg_basebackup --dbname "$primary" --pgdata data --write-recovery-conf --wal-method stream --checkpoint fast \
    --no-sync >/dev/null || exit
node "$PORTS" postgres -D data -p "$PORTS" -c listen_addresses="$BIND" -c unix_socket_directories='' \
    -c dynamic_shared_memory_type=mmap -c fsync=off -c max_connections=300 "$@" &
run_nodes INT

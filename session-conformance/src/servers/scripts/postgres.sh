# One PostgreSQL. It survives a crash of its own, not one of the machine.
data=$SERVER_HOME/data
if [ ! -d "$data" ]; then
    printf %s "$PASSWORD" >"$SERVER_HOME/password"
    initdb --pgdata "$data" --username postgres --pwfile "$SERVER_HOME/password" --auth scram-sha-256 \
        --encoding UTF8 --locale C --no-sync >/dev/null || exit
fi
exec postgres -D "$data" -p "$PORTS" -c listen_addresses="$BIND" -c unix_socket_directories='' \
    -c fsync=off -c max_connections=300 "$@"

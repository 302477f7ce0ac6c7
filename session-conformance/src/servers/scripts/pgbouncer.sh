# One PgBouncer. The first argument is the connection string of the PostgreSQL behind it, the others are settings.
postgres=$1
shift
printf '"postgres" "%s"\n' "$PASSWORD" >users
{
    printf '[databases]\n* = %s\n[pgbouncer]\n' "$postgres"
    printf 'listen_addr = %s\nlisten_port = %s\nunix_socket_dir =\n' "$BIND" "$PORTS"
    printf 'auth_type = scram-sha-256\nauth_file = %s/users\n' "$SERVER_HOME"
    printf '%s\n' "$@"
} >settings
node "$PORTS" pgbouncer settings &
run_nodes INT

# One Redis, which keeps nothing on disk unless it is told to.
exec redis-server --port "$PORTS" --bind "$BIND" --dir "$SERVER_HOME" --requirepass "$PASSWORD" --save '' "$@"

# Three masters and a replica of each.
cd "$SERVER_HOME" || exit
trap 'kill $nodes' TERM
for port in $PORTS; do
    redis-server --port "$port" --bind "$BIND" --requirepass "$PASSWORD" --masterauth "$PASSWORD" --save '' \
        --cluster-enabled yes --cluster-config-file "$port.conf" --cluster-announce-ip 127.0.0.1 \
        --cluster-node-timeout 2000 --repl-diskless-sync-delay 0 --dbfilename "$port.rdb" "$@" &
    nodes="$nodes $!"
    addresses="$addresses 127.0.0.1:$port"
    echo "$!" >"$port.pid"
done
export REDISCLI_AUTH="$PASSWORD"
for port in $PORTS; do
    until redis-cli -p "$port" ping 2>/dev/null | grep -q PONG; do sleep 0.1; done
done
# shellcheck disable=SC2086 # one word for each node
redis-cli --cluster create $addresses --cluster-replicas 1 --cluster-yes || exit
wait
wait

# Three masters and a replica of each.
for port in $PORTS; do
    mkdir "$port"
    node "$port" "$server" --port "$port" --bind "$BIND" --requirepass "$PASSWORD" --masterauth "$PASSWORD" \
        --dir "$port" --save '' --repl-diskless-sync-delay 0 --cluster-enabled yes --cluster-config-file nodes.conf \
        --cluster-announce-ip 127.0.0.1 --cluster-node-timeout 2000 "$@" &
    addresses="$addresses 127.0.0.1:$port"
done
export REDISCLI_AUTH="$PASSWORD"
for port in $PORTS; do
    until "$client" -p "$port" ping 2>/dev/null | grep -q PONG; do sleep 0.05; done
done
# shellcheck disable=SC2086 # one word for each node
"$client" --cluster create $addresses --cluster-replicas 1 --cluster-yes || exit
run_nodes TERM

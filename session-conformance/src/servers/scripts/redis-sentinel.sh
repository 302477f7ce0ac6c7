# A master, two replicas, and three sentinels that watch them under the name `mymaster`.
cd "$SERVER_HOME" || exit
trap 'kill $nodes' TERM
master=${PORTS%% *}
number=0
for port in $PORTS; do
    number=$((number + 1))
    if [ "$number" -le 3 ]; then
        set -- --port "$port" --bind "$BIND" --requirepass "$PASSWORD" --masterauth "$PASSWORD" --save '' \
            --replica-announce-ip 127.0.0.1 --repl-diskless-sync-delay 0 --dbfilename "$port.rdb"
        [ "$port" = "$master" ] || set -- "$@" --replicaof 127.0.0.1 "$master"
    else
        cat >"$port.conf" <<END
port $port
bind $BIND
protected-mode no
sentinel announce-ip 127.0.0.1
sentinel monitor mymaster 127.0.0.1 $master 2
sentinel auth-pass mymaster $PASSWORD
sentinel down-after-milliseconds mymaster 1000
sentinel failover-timeout mymaster 5000
END
        set -- "$port.conf" --sentinel
    fi
    redis-server "$@" &
    nodes="$nodes $!"
    echo "$!" >"$port.pid"
done
wait
wait

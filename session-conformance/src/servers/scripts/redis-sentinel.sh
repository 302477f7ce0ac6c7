# A master, two replicas, and three sentinels that watch them under the name `mymaster`.
redis() { # port, what is special about it
    port=$1
    shift
    mkdir "$port"
    node "$port" "$server" --port "$port" --bind "$BIND" --requirepass "$PASSWORD" --masterauth "$PASSWORD" \
        --dir "$port" --save '' --repl-diskless-sync-delay 0 --replica-announce-ip 127.0.0.1 "$@" &
}
sentinel() { # port
    cat >"$1.conf" <<END
port $1
bind $BIND
protected-mode no
sentinel announce-ip 127.0.0.1
sentinel monitor mymaster 127.0.0.1 $master 2
sentinel auth-pass mymaster $PASSWORD
sentinel down-after-milliseconds mymaster 1000
sentinel failover-timeout mymaster 5000
END
    node "$1" "$server" "$1.conf" --sentinel &
}
number=0
for port in $PORTS; do
    number=$((number + 1))
    case $number in
    1) master=$port && redis "$port" "$@" ;;
    [23]) redis "$port" --replicaof 127.0.0.1 "$master" "$@" ;;
    *) sentinel "$port" ;;
    esac
done
run_nodes TERM

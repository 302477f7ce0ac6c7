# What the other scripts begin with: nodes that can be killed and started again, one by one.
# Each leaves PORT.pid, and PORT.exit when it has ended, and starts again when PORT.again appears.
cd "$SERVER_HOME" || exit

node() { # port, command
    port=$1
    shift
    while :; do
        "$@" &
        echo "$!" >"$port.pid"
        wait "$!"
        echo "$?" >"$port.exit"
        until [ -e "$port.again" ]; do sleep 0.05; done
        rm "$port.again" "$port.exit"
    done
}

# Runs until it is told to end, and then ends the nodes by the given signal.
run_nodes() {
    trap 'end_nodes "$1"' TERM
    wait
}

end_nodes() {
    for port in $PORTS; do
        [ -e "$port.exit" ] || kill -s "$1" "$(cat "$port.pid")"
    done
    for port in $PORTS; do
        until [ -e "$port.exit" ]; do sleep 0.05; done
    done
    exit
}

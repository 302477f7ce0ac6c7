# What the other scripts begin with: nodes that can be killed and started again, one by one.
# Each leaves PORT.pid, and PORT.exit when it has ended, and starts again when PORT.again appears.
cd "$SERVER_HOME" || exit
export TMPDIR="$SERVER_HOME" # the caller's may be closed to the user that this runs as

node() { # port, command
    port=$1
    shift
    while :; do
        "$@" &
        echo "$!" >"$port.new" && mv "$port.new" "$port.pid"
        wait "$!"
        echo "$?" >"$port.exit"
        until [ -e "$port.again" ]; do sleep 0.05; done
        rm -f "$port.pid" "$port.again" "$port.exit"
    done
}

# Ends the nodes by the signal that they take for an order to end.
end_nodes() {
    for port in $PORTS; do
        if [ -e "$port.exit" ] || [ ! -e "$port.pid" ]; then continue; fi
        pid=$(cat "$port.pid")
        # shellcheck disable=SC2046 # one word for each child
        kill -s CONT "$pid" $(cat "/proc/$pid/task/$pid/children" 2>/dev/null) # what is paused cannot end
        kill -s "${signal:-TERM}" "$pid"
    done
    for port in $PORTS; do
        [ -e "$port.pid" ] || continue
        until [ -e "$port.exit" ]; do sleep 0.05; done
    done
    exit
}
trap end_nodes TERM # from here on, for the start may take long

# Runs until it is told to end.
run_nodes() { # the signal that ends a node
    signal=$1
    wait
}

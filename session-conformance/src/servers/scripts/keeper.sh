# Runs a server for as long as it has users, and a little longer. It outlives whoever started it, crash or not.
#
# usage: keeper.sh LINGER HOME USER COMMAND..., with the file that every user holds a shared lock on as its input.
# HOME is made, and removed when the users have gone. HOME/exit appears when the command has ended.
linger=$1 home=$2 user=$3
shift 3
exec 3<&0 </dev/null # a shell takes the input away from what it runs in the background
umask 077
mkdir "$home" && cd "$home" || exit
exec >"$home/log" 2>&1

# Database servers refuse to run as root, and the others had better not.
if [ -n "$user" ] && [ "$(id -u)" -eq 0 ]; then
    id -u "$user" >/dev/null 2>&1 || user=nobody
    chown "$user" "$home"
    set -- setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"
fi

"$@" 3<&- &
server=$!
echo "$server" >"$home/pid"
(
    while :; do
        flock -x 3 # comes when the last lock is let go of, by whoever dies, too
        flock -u 3
        sleep "$linger" # the next process of the same run of tests may be on its way
        flock -n -x 3 && break
    done
    # From here on nobody gets in until this ends.
    [ -e "$home/exit" ] || kill -TERM "$server"
    tries=0
    while [ ! -e "$home/exit" ] && [ "$tries" -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
) &
users=$!
wait "$server"
echo "$?" >"$home/exit"
wait "$users"
cd / && rm -rf "$home" "$home.users"
kill -KILL 0 # what the command may have left behind is in this process group

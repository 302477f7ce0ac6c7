# Runs a server for as long as it has users, and a little longer. It outlives whoever started it, crash or not.
#
# usage: keeper.sh LINGER USERS HOME USER COMMAND...
# Every user holds a shared lock on the file USERS, and has touched it. HOME is made, and removed in the end.
# HOME/exit appears when the command has ended; HOME/given-up is an order to end it now.
# SERVER_ROOT is the folder that the command is run within by the script ENTER, with the folder SEEN; nothing for none.
linger=$1 users=$2 home=$3 user=$4 ids=
shift 4
trap '' HUP # comes when whoever started this goes while a node is paused
umask 077
mkdir "$home" && cd "$home" || exit
exec 3<"$users" </dev/null >"$home/log" 2>&1

# Database servers refuse to run as root, and the others had better not.
if [ -n "$user" ] && [ "$(id -u)" -eq 0 ]; then
    id -u "$user" >/dev/null 2>&1 || user=nobody
    chown "$user" "$home"
    ids=$(id -u "$user"):$(id -g "$user")
fi
if [ -n "$SERVER_ROOT" ]; then
    set -- sh -c "$ENTER" enter "$SERVER_ROOT" "$SEEN" "$ids" "$@"
    # Who is not root may do this in a user namespace, where the system has them for all, and stays who they are.
    [ "$(id -u)" -eq 0 ] || set -- --user --map-current-user --keep-caps "$@"
    set -- unshare --mount "$@"
elif [ -n "$ids" ]; then
    set -- setpriv --reuid="${ids%:*}" --regid="${ids#*:}" --clear-groups -- "$@"
fi

"$@" 3<&- &
server=$!
(
    while :; do
        until [ -e given-up ] || flock -w 1 -x 3; do :; done # comes when the last lock goes, with a crash, too
        [ -e given-up ] && break
        : >idle
        flock -u 3
        sleep "$linger" # the next process of the same run of tests may be on its way
        flock -n -x 3 || continue
        # shellcheck disable=SC3013 # every shell has it
        [ "$users" -nt idle ] || break # and from here on nobody gets in until this ends
        flock -u 3
    done
    [ -e exit ] || kill -TERM "$server"
    tries=0
    while [ ! -e exit ] && [ "$tries" -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    [ -e exit ] || kill -KILL "$server"
) &
watch=$!
wait "$server"
echo "$?" >exit
wait "$watch"
cd / || exit
tries=0
until rm -rf "$home" "$home.users" || [ "$tries" -ge 20 ]; do # something may still be writing there
    sleep 0.1
    tries=$((tries + 1))
done
kill -KILL 0 # what the command may have left behind is in this process group

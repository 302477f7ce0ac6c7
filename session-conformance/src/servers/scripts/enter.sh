# Runs a command within another root folder. It is called in a mount namespace of its own, so that what is mounted here
# goes when the command and all that it has started are gone.
#
# usage: enter.sh ROOT FOLDER IDS COMMAND...
# FOLDER is there under the same name; IDS are whom the command runs as, by numbers, or nothing to leave that alone.
root=$1 folder=$2 ids=$3
shift 3
(umask 022 && mkdir -p "$root/dev" "$root/proc" "$root/etc" "$root$folder") || exit
mount --rbind /dev "$root/dev" && mount --rbind /proc "$root/proc" && mount --bind "$folder" "$root$folder" || exit
for file in passwd group hosts; do # a server looks up its own names
    [ -e "$root/etc/$file" ] || : >"$root/etc/$file"
    mount --bind "/etc/$file" "$root/etc/$file" || exit
done
export LC_ALL=C # the caller's may be unknown here, and Valkey does not start then
if [ -n "$ids" ]; then set -- --userspec="$ids" --groups= "$root" "$@"; else set -- "$root" "$@"; fi
exec chroot "$@"

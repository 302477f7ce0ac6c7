# Stands for a container that is about to be made: it ends when the container does, and removes it.
remove() {
    docker rm --force --volumes "$CONTAINER" >/dev/null
}
trap 'remove; exit' TERM
until docker inspect --format '{{.State.StartedAt}}' "$CONTAINER" 2>/dev/null | grep -q '^[1-9]'; do
    sleep 0.2 # its image may have to be fetched first
done
docker wait "$CONTAINER" &
wait "$!" # a signal gets through here, and would not while a command runs
docker logs --tail 3 "$CONTAINER"
remove
exit 1

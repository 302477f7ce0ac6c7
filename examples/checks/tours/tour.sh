#!/bin/sh
# Walks through an example with curl: sh tour.sh http://127.0.0.1:3000 __Host-Http-axum-session
# The server has to run with SESSION_ADMIN=Root. All of its sessions end.
set -eu
url=$1
cookie=$2 # the name of the session's
jars=$(mktemp -d)
trap 'rm -rf "$jars"' EXIT

fail() {
    printf 'tour: %s\n' "$1" >&2
    exit 1
}

command -v curl >/dev/null || fail "curl is missing: install it"

# as WHO PATH [CURL OPTIONS]: a request in JSON, with a cookie jar of one's own
as() {
    who=$1 path=$2
    shift 2
    touch "$jars/$who"
    curl --silent --show-error --noproxy '*' --max-time 60 --cookie "$jars/$who" --cookie-jar "$jars/$who" \
        --header 'Accept: application/json' "$@" "$url$path"
}

# expect WHAT GOT WANTED, where WANTED is a shell pattern
expect() {
    # shellcheck disable=SC2254
    case $2 in
    $3) printf 'ok: %s\n' "$1" ;;
    *) fail "$1: got '$2', and wanted '$3'" ;;
    esac
}

id() {
    awk -v name="$cookie" '$6 == name { print $7 }' "$jars/$1"
}

expect 'a look shows an empty session' "$(as ann /)" '{"user":null,"visits":0,"cart":\[\],"flash":\[\]}'
expect 'and sets no cookie' "$(id ann)" ''

as ann /cart --data item=pear >/dev/null
before=$(id ann)
expect 'the first write sets one' "$before" '???????????????????????????????????????????'
expect 'signing in keeps the cart' "$(as ann /login --data name=Ann)" '{"user":"Ann",*"cart":\["pear"\]}'
[ "$(id ann)" != "$before" ] || fail 'signing in did not change the id'
expect 'the old id is dead' "$(as thief / --header "Cookie: $cookie=$before")" '{"user":null,*'
expect 'the message is shown' "$(as ann /)" '*"Welcome, Ann."*'
expect 'once' "$(as ann /)" '*"flash":\[\]}'

as phone /login --data name=Ann --user-agent 'a-phone/1.0' >/dev/null
sessions=$(as ann /sessions)
expect 'a second device is listed' "$sessions" '*"device":"a-phone"*'
phone=$(printf '%s' "$sessions" | tr '{' '\n' | sed -n 's/^"key":"\([^"]*\)","current":false.*/\1/p')
as ann "/sessions/$phone/end" --request POST >/dev/null
expect 'and ended from the first' "$(as phone /)" '{"user":null,*'

invented=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
as mallory /login --header "Cookie: $cookie=$invented" --data name=Mallory >/dev/null
[ -n "$(id mallory)" ] && [ "$(id mallory)" != "$invented" ] || fail 'an invented id was adopted'

curl --silent --show-error --noproxy '*' --max-time 60 --cookie "$jars/ann" --parallel --parallel-immediate --parallel-max 50 \
    --request POST --output /dev/null "$url/count?delay_ms=20&n=[1-50]"
expect 'fifty requests at once all count' "$(as ann /count)" '{"count":50}'

head=$(curl --silent --show-error --noproxy '*' --max-time 60 --head --cookie "$jars/ann" "$url/untouched" | tr '[:upper:]' '[:lower:]')
expect 'what never asks for its session does not depend on it' "$(printf '%s\n' "$head" | grep -E '^(vary|set-cookie):' || true)" ''

for value in nonsense "$(printf '\377\376')" "$(head -c 20000 /dev/zero | tr '\0' A)"; do
    expect 'a cookie that makes no sense is an empty session' \
        "$(as nobody / --header "Cookie: $cookie=$value" --write-out ' %{http_code}')" '{"user":null,* 200'
done

expect 'of several cookies the one that is live counts' \
    "$(as nobody /count --header "Cookie: $cookie=$(id ann); $cookie=$invented")" '{"count":50}'

cp "$jars/ann" "$jars/late"
as ann /logout --request POST >/dev/null
[ "$(id ann)" != "$(id late)" ] || fail 'signing out did not change the id'
expect 'signing out leaves a message, and nothing else' "$(as ann /)" '{"user":null,"visits":1,"cart":\[\],"flash":\[*"You are signed out."*\]}'
expect 'and no counter' "$(as ann /count)" '{"count":0}'
expect 'and the id is dead' "$(as late /)" '{"user":null,*'
expect 'and stays dead' "$(as late /cart --data item=pear)" '{"error":*'
expect 'signing out again is no error' "$(as late /logout --request POST --write-out ' %{http_code}')" '{"user":null,* 200'
as ann /login --data name=Bob >/dev/null
expect 'another user sees nothing of the first' "$(as ann /count)" '{"count":0}'

expect 'the page of what protects tells of the id' "$(as ann /protection)" '{"user":"Bob","session":{*"signed_in_at":[0-9]*}*'
expect 'and of nobody' "$(as nobody /protection)" '{"user":null,"session":null,*'
expect 'the administration is for nobody' "$(as nobody /admin)" '{"error":"Sign in first."}'
expect 'nor for everybody' "$(as ann /admin/end-everything --data confirm=everything)" '{"error":"This is for the administrator."}'
as root /login --data name=Root >/dev/null
expect 'the administrator counts' "$(as root /admin)" '{"sessions":[0-9]*,"users":[0-9]*,"more":false}'
expect 'and ends nothing without a word' "$(as root /admin/end-everything --request POST)" '{"error":"Tick the box*'
expect 'or from another site' \
    "$(as root /admin/end-everything --data confirm=everything --header 'Sec-Fetch-Site: cross-site')" '{"error":"This form*'
expect 'so all are there' "$(as ann /)" '{"user":"Bob",*'
expect 'and then everything' "$(as root /admin/end-everything --data confirm=everything)" '{"ended":[0-9]*}'
expect 'of everybody' "$(as ann /)$(as mallory /)" '{"user":null,*{"user":null,*'
expect 'and who did it is told' "$(as root /)" '{"user":null,*"Everything has ended: *'

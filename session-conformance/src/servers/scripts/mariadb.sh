# One MariaDB. It survives a crash of its own, not one of the machine.
data=$SERVER_HOME/data
if [ ! -d "$data" ]; then
    mariadb-install-db --no-defaults --datadir="$data" --auth-root-authentication-method=normal \
        --skip-test-db --skip-name-resolve >/dev/null || exit
    cat >"$SERVER_HOME/init.sql" <<END
CREATE DATABASE session;
CREATE USER root@'%' IDENTIFIED BY '$PASSWORD';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
END
    set -- --init-file="$SERVER_HOME/init.sql" "$@"
fi
exec mariadbd --no-defaults --datadir="$data" --port="$PORTS" --bind-address="$BIND" \
    --socket="$SERVER_HOME/socket" --skip-name-resolve --max-connections=300 \
    --innodb-flush-log-at-trx-commit=2 "$@"

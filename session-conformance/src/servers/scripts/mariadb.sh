# One MariaDB. It survives a crash of its own, not one of the machine.
mariadb-install-db --no-defaults --datadir="$SERVER_HOME/data" --auth-root-authentication-method=normal \
    --skip-test-db --skip-name-resolve >/dev/null || exit
cat >init.sql <<END
DROP USER IF EXISTS root@'127.0.0.1';
CREATE DATABASE IF NOT EXISTS session;
CREATE USER IF NOT EXISTS root@'%' IDENTIFIED BY '$PASSWORD';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
END
node "$PORTS" mariadbd --no-defaults --datadir="$SERVER_HOME/data" --init-file="$SERVER_HOME/init.sql" \
    --socket=socket --port="$PORTS" --bind-address="$BIND" --skip-name-resolve \
    --max-connections=300 --innodb-flush-log-at-trx-commit=2 "$@" &
run_nodes TERM

# One MySQL. It survives a crash of its own, not one of the machine.
case $(mysqld --version) in
*MariaDB*)
    echo "the mysqld found here is MariaDB's"
    exit 1
    ;;
esac
data=$SERVER_HOME/data
if [ ! -d "$data" ]; then
    mysqld --no-defaults --datadir="$data" --initialize-insecure || exit
    cat >"$SERVER_HOME/init.sql" <<END
CREATE DATABASE session;
CREATE USER root@'%' IDENTIFIED BY '$PASSWORD';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
END
    set -- --init-file="$SERVER_HOME/init.sql" "$@"
fi
exec mysqld --no-defaults --datadir="$data" --port="$PORTS" --bind-address="$BIND" \
    --socket="$SERVER_HOME/socket" --mysqlx=0 --skip-name-resolve --max-connections=300 \
    --innodb-flush-log-at-trx-commit=2 "$@"

# One MySQL. It survives a crash of its own, not one of the machine.
case $(mysqld --version) in
*MariaDB*)
    echo "the mysqld found here is MariaDB's"
    exit 1
    ;;
esac
mysqld --no-defaults --datadir="$SERVER_HOME/data" --initialize-insecure || exit
cat >init.sql <<END
CREATE DATABASE IF NOT EXISTS session;
CREATE USER IF NOT EXISTS root@'%' IDENTIFIED BY '$PASSWORD';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
END
node "$PORTS" mysqld --no-defaults --datadir="$SERVER_HOME/data" --init-file="$SERVER_HOME/init.sql" \
    --socket=socket --port="$PORTS" --bind-address="$BIND" --skip-name-resolve \
    --max-connections=300 --innodb-flush-log-at-trx-commit=2 --sync-binlog=0 --secure-file-priv=NULL --mysqlx=0 "$@" &
run_nodes TERM

/// The numbers of errors, by the names that MariaDB and MySQL give them, without `ER_`. Where nothing else is
/// said, a number means the same to both. https://mariadb.com/kb/en/mariadb-error-codes/
package enum ErrorNumber {
    // MARK: The server does not answer reads, or not this account's

    /// `CON_COUNT_ERROR`: too many connections; a proxy says so in answer to a query.
    package static let tooManyConnections: UInt32 = 1040
    /// `UNKNOWN_COM_ERROR`: what a Galera node says while it is not ready, or under `wsrep_reject_queries`.
    package static let nodeNotReady: UInt32 = 1047
    /// `TOO_MANY_USER_CONNECTIONS`
    package static let tooManyUserConnections: UInt32 = 1203
    /// `USER_LIMIT_REACHED`: a limit of the account, usually an hourly one such as `MAX_QUERIES_PER_HOUR`.
    package static let userLimitReached: UInt32 = 1226
    /// `OPTION_PREVENTS_STATEMENT`: the server runs with an option that forbids the statement.
    package static let optionPreventsStatement: UInt32 = 1290
    /// `MUST_CHANGE_PASSWORD`: the account may do nothing else.
    package static let mustChangePassword: UInt32 = 1820
    /// `READ_ONLY_MODE`
    package static let readOnlyMode: UInt32 = 1836
    /// MySQL's `SERVER_OFFLINE_MODE`
    package static let offlineMode: UInt32 = 3032
    /// MySQL's `SERVER_ISNT_AVAILABLE`
    package static let serverNotAvailable: UInt32 = 3168
    /// ProxySQL's own: it waited in vain for a server, found none that it may use, or only one that lags.
    /// https://github.com/sysown/proxysql/blob/v2.x/include/proxysql_structs.h, `PROXYSQL_MYSQL_ERR`
    package static let proxyConnectTimeout: UInt32 = 9001
    package static let proxyConnectFailures: UInt32 = 9002
    package static let proxyServerOffline: UInt32 = 9004
    package static let proxyServerLags: UInt32 = 9005

    // MARK: A moment's trouble with a query

    /// `CHECKREAD`: the record has changed since it was read.
    package static let recordChanged: UInt32 = 1020
    package static let diskFull: UInt32 = 1021
    /// `FILSORT_ABORT`: by `KILL`, or for want of memory or disk.
    package static let sortAborted: UInt32 = 1028
    package static let outOfMemory: UInt32 = 1037
    package static let outOfSortMemory: UInt32 = 1038
    package static let outOfResources: UInt32 = 1041
    /// `RECORD_FILE_FULL`: for a `SELECT`, there is no room for a temporary table.
    package static let tableFull: UInt32 = 1114
    package static let errorDuringCommit: UInt32 = 1180
    package static let lockWaitTimeout: UInt32 = 1205
    package static let deadlock: UInt32 = 1213
    package static let queryInterrupted: UInt32 = 1317
    /// `TABLE_DEF_CHANGED`: the table was altered after the transaction's snapshot.
    package static let tableDefinitionChanged: UInt32 = 1412
    /// `CONNECT_TO_FOREIGN_DATA_SOURCE`: the server behind a federated table cannot be reached.
    package static let foreignSourceUnreachable: UInt32 = 1429
    package static let needsReprepare: UInt32 = 1615
    package static let tooManyTransactions: UInt32 = 1637
    package static let lockAborted: UInt32 = 1689
    /// MariaDB's `STATEMENT_TIMEOUT`: `max_statement_time` is over.
    package static let statementTimeout: UInt32 = 1969
    /// MySQL's `QUERY_TIMEOUT`: `max_execution_time` is over.
    package static let queryTimeout: UInt32 = 3024

    // MARK: Something that the catalog names is not there, or the account may not read it

    package static let databaseAccessDenied: UInt32 = 1044
    /// `SECURE_TRANSPORT_REQUIRED`
    package static let secureTransportRequired: UInt32 = 3159
    package static let accessDenied: UInt32 = 1045
    /// `ACCESS_DENIED_NO_PASSWORD_ERROR`, as of `unix_socket`
    package static let accessDeniedWithoutPassword: UInt32 = 1698
    package static let unknownDatabase: UInt32 = 1049
    package static let unknownTableToDrop: UInt32 = 1051
    package static let unknownColumn: UInt32 = 1054
    package static let unknownTable: UInt32 = 1109
    package static let tableAccessDenied: UInt32 = 1142
    package static let columnAccessDenied: UInt32 = 1143
    package static let noSuchTable: UInt32 = 1146
    package static let specificAccessDenied: UInt32 = 1227
    package static let noSuchRoutine: UInt32 = 1305
    package static let invalidView: UInt32 = 1356
    package static let routineAccessDenied: UInt32 = 1370
    /// The definer of a view or routine does not exist.
    package static let noSuchUser: UInt32 = 1449

    // MARK: A table that cannot be read

    package static let cannotOpenFile: UInt32 = 1016
    package static let fileNotFound: UInt32 = 1017
    package static let errorReading: UInt32 = 1024
    /// `GET_ERRNO`: "Got error 126 … from storage engine".
    package static let engineError: UInt32 = 1030
    package static let notFormFile: UInt32 = 1033
    /// `NOT_KEYFILE`: the index is corrupt.
    package static let notKeyFile: UInt32 = 1034
    package static let oldKeyFile: UInt32 = 1035
    package static let crashedOnUsage: UInt32 = 1194
    package static let crashedOnRepair: UInt32 = 1195
    package static let unknownEngine: UInt32 = 1286
    package static let indexCorrupt: UInt32 = 1712
    package static let tablespaceMissing: UInt32 = 1812
    package static let tablespaceDiscarded: UInt32 = 1814
    package static let engineInternalError: UInt32 = 1815
    package static let tableCorrupt: UInt32 = 1877
    /// MariaDB's `NO_SUCH_TABLE_IN_ENGINE`
    package static let noSuchTableInEngine: UInt32 = 1932
    /// MariaDB also passes on errors of storage engines under their own numbers: 126 is a corrupt index.
    package static let engineErrors: ClosedRange<UInt32> = 120...199

    // MARK: Others

    /// libmariadb's `CR_UNKNOWN_ERROR`, which we also give to an attempt to connect that the operating system
    /// prevented.
    package static let unknownClientError: UInt32 = 2000
    /// libmariadb's `CR_UNKNOWN_HOST`: a host's name could not be resolved.
    package static let unknownHost: UInt32 = 2005
    /// libmariadb's `CR_VERSION_ERROR`, which we give to a server of a version or kind that cannot be used.
    package static let unsupportedServer: UInt32 = 2007
    /// libmariadb's `CR_SSL_CONNECTION_ERROR`: no TLS with the server, or not with one that it should be.
    package static let tlsFailed: UInt32 = 2026
    /// libmariadb's `CR_PLUGIN_NOT_ALLOWED`: the server asks for a login plugin that we do not use.
    package static let pluginNotAllowed: UInt32 = 5010
    /// libmariadb's `CR_SERVER_LOST`, which we also give to a connection that we abandon.
    package static let serverLost: UInt32 = 2013

    /// MySQL's `CLIENT_INTERACTION_TIMEOUT`: what it says on an idle connection that it ends, and a query may
    /// meet as its answer.
    package static let idleConnectionEnded: UInt32 = 4031
    /// MySQL's `SESSION_WAS_KILLED`
    package static let sessionKilled: UInt32 = 3169

    /// `NET_PACKET_TOO_LARGE`: the statement is longer than `max_allowed_packet`.
    package static let packetTooLarge: UInt32 = 1153
    /// `NO_SUCH_THREAD`, in answer to `KILL`.
    package static let noSuchThread: UInt32 = 1094
    /// MariaDB's `NO_SUCH_QUERY`, in answer to `KILL QUERY ID`.
    package static let noSuchQuery: UInt32 = 1957

    package static let syntaxError: UInt32 = 1064

    // MARK: Data that a column or a function cannot hold

    // The server does not always put these into SQLSTATE's class 22.

    package static let cannotAggregateCollations: UInt32 = 1270
    package static let cannotAggregateTwoCollations: UInt32 = 1267
    package static let cannotAggregateManyCollations: UInt32 = 1271
    package static let truncatedWrongValue: UInt32 = 1292
    package static let functionResultTooLong: UInt32 = 1301
    package static let wrongValueForType: UInt32 = 1366
    package static let outOfRange: UInt32 = 1690
    /// MySQL's `WRONG_VALUE`: a literal that is no day, in a comparison with one.
    package static let wrongValue: UInt32 = 1525
    /// MySQL's `CANNOT_CONVERT_STRING`
    package static let cannotConvertString: UInt32 = 3854
    /// MySQL's `IMPOSSIBLE_STRING_CONVERSION`
    package static let impossibleStringConversion: UInt32 = 3988
    package static let jsonTableCannotHold: UInt32 = 4176
}

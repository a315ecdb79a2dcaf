import Loading
import MariaDB

extension DatabaseError {
    /// What the error is about, by its number and SQLSTATE.
    var scope: ErrorScope {
        if Self.serverStates.contains(errno) { return .server }
        if Self.moments.contains(errno) { return .moment }
        if Self.missingNames.contains(errno) { return .missingName }
        if Self.denials.contains(errno) { return .accessDenied }
        if Self.brokenTables.contains(errno) { return .table }
        if ErrorNumber.engineErrors.contains(errno) || errno == ErrorNumber.syntaxError { return .table }
        return isAboutData || isTooLong || Self.badData.contains(errno) ? .keys : .unknown
    }

    /// Whether the state ends without anybody mending it, so that the same request may succeed if it is sent
    /// again. An hourly limit ends with the hour, an option is set for a while; a password that must be
    /// changed, a table that is corrupt and a privilege that is missing stay until somebody does something.
    var passesByItself: Bool {
        switch scope {
        case .server: errno != ErrorNumber.mustChangePassword
        case .moment: true
        case .missingName, .accessDenied, .table, .keys, .unknown: false
        }
    }

    private static let serverStates: Set<UInt32> = [
        ErrorNumber.tooManyConnections, ErrorNumber.nodeNotReady, ErrorNumber.tooManyUserConnections,
        ErrorNumber.userLimitReached, ErrorNumber.optionPreventsStatement, ErrorNumber.mustChangePassword,
        ErrorNumber.readOnlyMode, ErrorNumber.offlineMode, ErrorNumber.serverNotAvailable,
        ErrorNumber.proxyConnectTimeout, ErrorNumber.proxyConnectFailures, ErrorNumber.proxyServerOffline,
        ErrorNumber.proxyServerLags,
    ]

    private static let moments: Set<UInt32> = [
        ErrorNumber.recordChanged, ErrorNumber.diskFull, ErrorNumber.sortAborted, ErrorNumber.outOfMemory,
        ErrorNumber.outOfSortMemory, ErrorNumber.outOfResources, ErrorNumber.tableFull,
        ErrorNumber.errorDuringCommit, ErrorNumber.lockWaitTimeout, ErrorNumber.deadlock,
        ErrorNumber.queryInterrupted, ErrorNumber.tableDefinitionChanged,
        ErrorNumber.foreignSourceUnreachable, ErrorNumber.needsReprepare, ErrorNumber.tooManyTransactions,
        ErrorNumber.lockAborted, ErrorNumber.statementTimeout, ErrorNumber.queryTimeout,
    ]

    private static let brokenTables: Set<UInt32> = [
        ErrorNumber.cannotOpenFile, ErrorNumber.fileNotFound, ErrorNumber.errorReading,
        ErrorNumber.engineError, ErrorNumber.notFormFile, ErrorNumber.notKeyFile, ErrorNumber.oldKeyFile,
        ErrorNumber.crashedOnUsage, ErrorNumber.crashedOnRepair, ErrorNumber.unknownEngine,
        ErrorNumber.indexCorrupt, ErrorNumber.tablespaceMissing, ErrorNumber.tablespaceDiscarded,
        ErrorNumber.engineInternalError, ErrorNumber.tableCorrupt, ErrorNumber.noSuchTableInEngine,
        ErrorNumber.specificAccessDenied, ErrorNumber.routineAccessDenied,
        ErrorNumber.noSuchRoutine, ErrorNumber.noSuchUser,
    ]

    private static let missingNames: Set<UInt32> = [
        ErrorNumber.unknownTableToDrop, ErrorNumber.unknownColumn, ErrorNumber.unknownTable,
        ErrorNumber.noSuchTable,
    ]

    private static let denials: Set<UInt32> = [
        ErrorNumber.databaseAccessDenied, ErrorNumber.accessDenied, ErrorNumber.unknownDatabase,
        ErrorNumber.tableAccessDenied, ErrorNumber.columnAccessDenied, ErrorNumber.invalidView,
    ]

    /// The statement is longer than the server takes.
    var isTooLong: Bool { errno == ErrorNumber.packetTooLarge }

    private static let badData: Set<UInt32> = [
        ErrorNumber.cannotAggregateCollations, ErrorNumber.cannotAggregateTwoCollations,
        ErrorNumber.cannotAggregateManyCollations, ErrorNumber.truncatedWrongValue,
        ErrorNumber.functionResultTooLong, ErrorNumber.wrongValueForType, ErrorNumber.outOfRange,
        ErrorNumber.wrongValue, ErrorNumber.cannotConvertString, ErrorNumber.impossibleStringConversion,
        ErrorNumber.jsonTableCannotHold,
    ]

    /// SQLSTATE's classes of data, of a subquery with several rows, and of errors that functions and views
    /// raise themselves, each of which comes by a key or by a value in its rows.
    private var isAboutData: Bool { ["21", "22", "45"].contains { sqlState.hasPrefix($0) } }
}

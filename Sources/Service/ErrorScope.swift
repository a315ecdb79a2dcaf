import MariaDB

extension DatabaseError {
    /// The catalog names something that the database does not have (any more), or that we may not read (any more).
    /// 1044–1045, 1142–1143 denied; 1051, 1054, 1109, 1146 unknown table or column; 1356 an invalid view.
    var concernsSchema: Bool {
        [1044, 1045, 1051, 1054, 1109, 1142, 1143, 1146, 1356].contains(errno)
    }

    /// A table or column has just been renamed or dropped; the next catalog may have it again.
    var isForgottenName: Bool { [1051, 1054, 1109, 1146].contains(errno) }

    /// 1153: the statement is longer than `max_allowed_packet`.
    var isTooLong: Bool { errno == 1153 }

    /// Each key alone would fail the same way, or asking again would only add to the database's trouble: 1064 a syntax
    /// error, 1205 and 1213 locks, 1021, 1037, 1038 and 1041 out of memory or disk, 1317 killed, 1969 and 3024 too slow.
    var concernsWholeQuery: Bool {
        concernsSchema || [1064, 1205, 1213, 1021, 1037, 1038, 1041, 1317, 1969, 3024].contains(errno)
    }
}

/// How a row of a result says which key of its batch it belongs to. The planner that writes the
/// query decides it, and the fan-out that reads the rows follows it.
package enum Attribution: Hashable, Sendable {
    /// The query asked for one key only, so every row is that key's.
    case single
    /// The row starts with the matched columns, which have these types. Their values equal the key's exactly
    /// if their canonical forms do.
    case values([ColumnType])
    /// The matched columns are among the columns that the rows show, at these positions of the shown columns.
    /// Their values equal the key's exactly if their canonical forms do.
    case shown([Int])
    /// The row starts with the key's position in the batch, counted from 1. The database alone compared the
    /// keys.
    case ordinal
}

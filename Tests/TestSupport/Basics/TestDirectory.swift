import Glibc
import PrivateServer

/// The directory in which a run of the tests keeps its files.
private enum RunDirectory {
    static let path = Result { () throws -> String in
        let path = try makeTemporaryDirectory()
        // The guardian of this process removes the directory when the tests end, however they end; see
        // `ChildProcess`.
        _ = try ChildProcess(["/bin/sleep", "infinity"], removing: path, log: path + "/log")
        return path
    }
}

/// Makes a new directory in `$TMPDIR` or `/tmp`, whose name is short enough for the path of a Unix socket.
/// What a test leaves there is removed at the end of the run, also of one that crashes or is killed.
package func makeTestDirectory() throws -> String {
    let template = try RunDirectory.path.get() + "/XXXXXX"
    var name = Array(template.utf8CString)
    guard mkdtemp(&name) != nil else { throw TestFailure(description: "no directory \(template)") }
    return String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}

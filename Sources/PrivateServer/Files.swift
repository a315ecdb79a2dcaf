import Foundation

/// The last lines of a file; empty if it cannot be read.
func lastLines(of path: String, count: Int = 20) -> String {
    guard let data = FileManager.default.contents(atPath: path) else { return "" }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").suffix(count).joined(separator: "\n")
}

/// Makes a new directory in `$TMPDIR` or `/tmp` that no other account may enter. Its name is short, because
/// the path of a Unix socket in it may have 107 bytes; Foundation's names are too long for that.
package func makeTemporaryDirectory() throws -> String {
    let parent = ProcessInfo.processInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    // mkdtemp(3) replaces the six letters by a unique name, and makes the directory with mode 0700.
    let anyName = String(repeating: "X", count: 6)
    var template = Array("\(parent)/kd-\(anyName)".utf8CString)
    guard mkdtemp(&template) != nil else {
        throw PrivateServerError(
            "no directory could be made in \(parent): \(String(cString: strerror(errno))); set TMPDIR to another one"
        )
    }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// The path of a program, which is also looked for in the system directories that are missing from the PATH
/// of a user.
func locate(_ program: String, package debianPackage: String) throws -> String {
    for directory in searchPath.split(separator: ":") {
        let path = "\(directory)/\(program)"
        if access(path, X_OK) == 0 { return path }
    }
    throw PrivateServerError(
        "\(program) was not found in \(searchPath); install it: apt install \(debianPackage)")
}

/// `$PATH`, and the directories in which distributions keep servers.
let searchPath: String = [
    ProcessInfo.processInfo.environment["PATH"] ?? "",
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
].filter { !$0.isEmpty }.joined(separator: ":")

/// Evaluates `condition` every 5 ms until it holds or `seconds` are over; returns whether it held.
func holds(within seconds: Int, _ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<(seconds * 200) {
        if try condition() { return true }
        usleep(5_000)
    }
    return try condition()
}

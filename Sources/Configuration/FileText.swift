import Foundation

/// Small files.
enum FileText {
    /// Bytes; more than any configuration has, and not so much that reading it takes long.
    private static let longest = 1 << 24

    /// `message` begins with the file's name.
    struct Problem: Error {
        let message: String
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }

    /// A file that only some may read, without the line end at its end.
    static func secret(_ path: String) -> Result<String, Problem> {
        let mode = (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
        if let mode, mode & 0o004 != 0 {
            return .failure(
                Problem(message: "'\(path)' can be read by everyone on this machine: chmod o= '\(path)'"))
        }
        return line(path).mapError { problem in
            guard access(path, R_OK) != 0 else { return problem }
            return switch errno {
            case ENOENT:
                Problem(
                    message: problem.message + "; put the account's password into it, or take the setting out"
                )
            case EACCES:
                Problem(
                    message: problem.message + "; it is for root and for the account that the service runs as"
                )
            default: problem
            }
        }
    }

    /// A regular file of a bearable length, in UTF-8. `message` does not name it.
    static func whole(_ path: String) -> Result<String, Problem> {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return .failure(
                Problem(message: errno == ENOENT ? "no such file" : String(cString: strerror(errno))))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            return .failure(Problem(message: "it is no regular file"))
        }
        guard status.st_size <= longest else {
            return .failure(Problem(message: "it has more than \(longest) bytes"))
        }
        do {
            return .success(try String(contentsOfFile: path, encoding: .utf8))
        } catch {
            return .failure(Problem(message: reason(of: error)))
        }
    }

    static func line(_ path: String) -> Result<String, Problem> {
        do {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            return .success(text.hasSuffix("\n") || text.hasSuffix("\r\n") ? String(text.dropLast()) : text)
        } catch {
            return .failure(Problem(message: "'\(path)' cannot be read: \(reason(of: error))"))
        }
    }

    /// Foundation wraps the system's reason, and describes it at length.
    static func reason(of error: any Error) -> String {
        let cocoa = error as? CocoaError
        switch cocoa?.code {
        case .fileReadNoSuchFile?, .fileNoSuchFile?: return "no such file"
        case .fileReadNoPermission?: return "permission denied"
        case .fileReadInapplicableStringEncoding?, .fileReadCorruptFile?: return "it is not UTF-8"
        default:
            return (cocoa?.underlying as? POSIXError).map { String(cString: strerror($0.code.rawValue)) }
                ?? "\(error)"
        }
    }
}

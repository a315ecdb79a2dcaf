import Foundation

/// Reads small files.
enum FileText {
    /// The size of the largest file that is read: more than any configuration has, but quick to read.
    private static let maxBytes = 1 << 24

    /// Why a file cannot be read.
    struct Problem: Error {
        let message: String
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }

    /// Reads a file that not everybody may read, without the line end at its end. The message of a problem
    /// names the file.
    static func readSecret(_ path: String) -> Result<String, Problem> {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT != S_IFDIR else {
                return .failure(Problem(message: "'\(path)' is a directory"))
            }
            guard status.st_mode & S_IROTH == 0 else {
                return .failure(
                    Problem(message: "'\(path)' can be read by everyone on this machine: chmod o= '\(path)'"))
            }
        }
        return readLine(path).mapError { problem in
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

    /// Reads a regular file in UTF-8. The message of a problem does not name the file.
    static func readText(_ path: String) -> Result<String, Problem> {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return .failure(
                Problem(message: errno == ENOENT ? "no such file" : String(cString: strerror(errno))))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            return .failure(Problem(message: "it is no regular file"))
        }
        guard status.st_size <= maxBytes else {
            return .failure(Problem(message: "it has more than \(maxBytes) bytes"))
        }
        do {
            return .success(try String(contentsOfFile: path, encoding: .utf8))
        } catch {
            return .failure(Problem(message: reason(of: error)))
        }
    }

    /// Reads a file without the line end at its end. The message of a problem names the file.
    static func readLine(_ path: String) -> Result<String, Problem> {
        do {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            return .success(text.hasSuffix("\n") || text.hasSuffix("\r\n") ? String(text.dropLast()) : text)
        } catch {
            return .failure(Problem(message: "'\(path)' cannot be read: \(reason(of: error))"))
        }
    }

    /// The system's reason for an error of Foundation, which wraps it in a long description.
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

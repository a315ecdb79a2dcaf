import Foundation

/// A process that is started by `posix_spawn` and reaped here only, so that its id belongs to it until
/// `hasExited` returns true. (Foundation's `Process` reaps on a thread of its own, after which a signal may
/// hit another process.)
package struct ChildProcess: Sendable {
    package let pid: Int32
    /// Our end of the guardian's socket: a line releases the guardian, the end of the stream means that this
    /// program is gone; see `init`.
    private let lifeline: Int32
    private var isReaped = false
    /// The exit status, or 128 plus the signal as a shell reports it; nil until `hasExited` has returned
    /// true.
    package private(set) var status: Int32?

    /// The number under which the command finds the descriptor that it is passed.
    private static let passedDescriptor: Int32 = 4

    /// Starts `command`, whose first element is a path, without input, and with both outputs appended to the
    /// file `log`. It may be passed one more descriptor, which it finds as number 4.
    ///
    /// The process never outlives this program, however the program ends: a shell, the guardian, waits at a
    /// socket that the kernel closes when the program ends; then it kills the command and removes
    /// `directory`, if one is given. The process id is that of the command, not of the shell.
    /// (`PR_SET_PDEATHSIG` would follow the *thread* that called us, and threads of a pool come and go.)
    package init(
        _ command: [String], environment: [String: String] = [:], removing directory: String? = nil,
        passing passed: Int32? = nil, log: String
    ) throws {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw PrivateServerError("no socket pair could be made: \(String(cString: strerror(errno)))")
        }
        defer { Foundation.close(ends[0]) }
        let guardian = """
            exec 3<&0 </dev/null
            { read -r _ <&3 || { kill -9 $$; [ -z "$0" ] || until rm -rf -- "$0"; do sleep 0.2; done; }; } &
            exec "$@" 3<&-
            """
        do {
            let shell = ["/bin/sh", "-c", guardian, directory ?? ""] + command
            pid = try Self.spawn(shell, environment, input: ends[0], passing: passed, log: log)
            lifeline = ends[1]
        } catch {
            Foundation.close(ends[1])
            throw error
        }
    }

    /// Whether the process has ended; reaps it then, so that its id may belong to another process from then
    /// on.
    package mutating func hasExited() -> Bool {
        guard !isReaped else { return true }
        var report: Int32 = 0
        guard waitpid(pid, &report, WNOHANG) == pid else { return false }
        isReaped = true
        let signal = report & 0x7f
        status = signal == 0 ? report >> 8 & 0xff : 128 + signal
        releaseGuardian()
        return true
    }

    /// Waits until the process has ended, for at most `seconds`; returns whether it has.
    package mutating func waitForExit(within seconds: Int) -> Bool {
        holds(within: seconds) { hasExited() }
    }

    /// Sends a signal; does nothing once the process has been reaped.
    package func send(signal number: Int32) {
        if !isReaped { Foundation.kill(pid, number) }
    }

    private func releaseGuardian() {
        _ = Foundation.send(lifeline, "\n", 1, Int32(MSG_NOSIGNAL))  // its first byte: cannot block
        Foundation.close(lifeline)
    }

    private static func spawn(
        _ command: [String], _ additions: [String: String], input: Int32, passing passed: Int32?,
        log: String
    ) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        if let passed { posix_spawn_file_actions_adddup2(&actions, passed, passedDescriptor) }
        // The child must not inherit our descriptors: a socket would stay open as long as the child.
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
            Int32($0)
        }
        for descriptor in open where descriptor > 2 && (passed == nil || descriptor != passedDescriptor) {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }

        // A process group of its own, so that Ctrl-C at a terminal reaches us alone; and an empty signal
        // mask, where a thread of a pool would have another one.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

        var environment = ProcessInfo.processInfo.environment.merging(additions) { $1 }
        environment["PATH"] = searchPath  // mariadb-install-db looks for its helpers there
        var pid: pid_t = 0
        let failure = withCStrings(command) { arguments in
            withCStrings(environment.map { "\($0)=\($1)" }) { variables in
                posix_spawn(&pid, command[0], &actions, &attributes, arguments, variables)
            }
        }
        guard failure == 0 else {
            throw PrivateServerError(
                "\(command[0]) could not be started: \(String(cString: strerror(failure)))")
        }
        return pid
    }
}

/// Calls `body` with a null-terminated array of C strings, as `execve` wants it.
private func withCStrings<R>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
}

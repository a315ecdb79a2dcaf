import Glibc

/// Threads for work that waits by nature, such as name resolution. Where its result is awaited, `Offload` is
/// the way.
package enum WorkerThread {
    private final class Work {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    /// Runs `body` on a thread of its own, with all signals blocked: they are the loop's.
    /// - Throws: if no thread can be made. `body` is not run then: it would keep the caller, often the loop,
    ///   waiting.
    package static func detach(_ body: @escaping @Sendable () -> Void) throws(ReactorError) {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        // Retained here, released by the thread; or here, if there is none.
        let work = Unmanaged.passRetained(Work(body))
        let code = pthread_create(&thread, nil, { WorkerThread.run($0) }, work.toOpaque())
        guard code == 0 else {
            work.release()
            throw ReactorError("no thread can be started", errno: code)
        }
        pthread_detach(thread)
    }

    private static func run(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
        return nil
    }
}

package import Relations
package import Time

/// Bounds on what clients may ask for and leave unread. All can be changed by a reload.
package struct EngineLimits {
    /// Bytes of one reply, and of the rows of one key.
    package var maxReplyBytes: Int
    /// The longest time that any request waits.
    package var requestTimeout: TimeSpan
    /// Keys of all requests on their way.
    package var maxQueuedKeys: Int
    /// Keys of one client's requests on their way.
    package var maxClientKeys: Int
    /// Rows of one request, with those that it includes.
    package var maxRows: Int
    /// Bytes of all requests, results and unsent replies. Beyond it nothing more is begun, and no reply with
    /// rows is written.
    package var maxResultBytes: Int
    /// Bytes of replies that one client has not read; further ones are refused.
    package var maxUnreadBytes: Int

    package init(
        maxReplyBytes: Int, requestTimeout: TimeSpan, maxQueuedKeys: Int, maxClientKeys: Int, maxRows: Int,
        maxResultBytes: Int, maxUnreadBytes: Int
    ) {
        self.maxReplyBytes = maxReplyBytes
        self.requestTimeout = requestTimeout
        self.maxQueuedKeys = maxQueuedKeys
        self.maxClientKeys = maxClientKeys
        self.maxRows = maxRows
        self.maxResultBytes = maxResultBytes
        self.maxUnreadBytes = maxUnreadBytes
    }
}

/// What the engine and the reply queues of its clients share: bounds, the memory in use, the loads on their
/// way, the work that is done in slices, and what has been counted. Confined to one thread.
package final class EngineContext {
    package var limits: EngineLimits { didSet { memory.limit = limits.maxResultBytes } }
    package let memory: MemoryGauge
    package let loads: LoadTable
    package let counters = Counters()
    let tasks: TaskQueue
    let replyLimits: ReplyQueue.Limits

    package init(limits: EngineLimits, tasks: TaskQueue.Limits, replies: ReplyQueue.Limits) {
        self.limits = limits
        replyLimits = replies
        memory = MemoryGauge(limit: limits.maxResultBytes)
        loads = LoadTable(memory: memory)
        self.tasks = TaskQueue(tasks)
    }

    /// What a request or a reply is refused with while ``MemoryGauge/isFull``.
    package var fullMemory: Failure {
        Failure(
            .overloaded,
            "\(memory.bytes) bytes of requests and rows are on their way, limits.result_bytes is \(memory.limit); try again"
        )
    }
}

import HeapModule
import Loading
import Time

/// What happens in a simulation besides the engine's own decisions.
enum Event {
    /// The load of that number is sent by its client.
    case submit(Int)
    case cancel(Int)
    case hangUp(client: Int)
    /// A client reads what it was sent.
    case read(client: Int)
    /// Some rows of a query have come.
    case rows(SimulatedQuery)
    case end(SimulatedQuery)
    /// The server is told to stop the query.
    case kill(SimulatedQuery)
    case connect(slot: Int)
    /// All connections are lost, and for so many nanoseconds there is no other.
    case crash(duration: Int64)
    /// Relationships gather their keys by other rules from now on.
    case reload
    case shutDown
}

/// The time of a simulation: what happens when, and the engine's one alarm. It stands still while something
/// happens.
final class SimulatedClock: EngineClock {
    private struct Entry: Comparable {
        let time: Int64
        let number: Int
        let event: Event

        static func < (left: Entry, right: Entry) -> Bool {
            (left.time, left.number) < (right.time, right.number)
        }
        static func == (left: Entry, right: Entry) -> Bool { left.number == right.number }
    }

    /// Nanoseconds.
    private(set) var time: Int64

    var now: Instant { Instant(nanoseconds: time) }

    private var alarm: Int64?
    private var entries: Heap<Entry> = []
    private var lastNumber = 0

    init(start: Int64) { time = start }

    /// Nothing takes time here but what the simulation says.
    func refresh() {}

    func wake(at time: Instant?) { alarm = time?.nanoseconds }

    func add(_ event: Event, after nanoseconds: Int64) {
        lastNumber += 1
        entries.insert(Entry(time: time + nanoseconds, number: lastNumber, event: event))
    }

    /// Goes on to the next event or alarm. Answers whether there is one.
    func advance() -> Bool {
        guard let next = [entries.min?.time, alarm].compactMap({ $0 }).min() else { return false }
        time = max(time, next)
        if let alarm, alarm <= time { self.alarm = nil }
        return true
    }

    /// The next event of this moment.
    func nextEvent() -> Event? {
        guard let first = entries.min, first.time <= time else { return nil }
        return entries.removeMin().event
    }
}

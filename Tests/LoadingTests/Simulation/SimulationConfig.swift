import Batching
import Loading
import TestSupport
import Time

/// What may happen in a simulation.
enum FaultProfile: Sendable, CaseIterable {
    /// Nothing goes wrong.
    case calm
    /// Nothing goes wrong, but for a while more is asked for than the database can give.
    case overload
    /// Clients give up, hang up, or do not read; queries wait for locks.
    case impatient
    /// Every bound is low.
    case tight
    /// Some keys make every query fail.
    case poisoned
    /// Connections are lost, one or all.
    case stormy
    /// All of these, and the daemon is reconfigured and stopped.
    case everything
}

let microsecond: Int64 = 1000
let millisecond: Int64 = 1_000_000
let second: Int64 = 1_000_000_000

/// The conditions of one simulation.
struct SimulationConfig {
    let profile: FaultProfile
    /// Of the clock, in nanoseconds.
    let start: Int64
    let slots: Int
    let batching: Batcher.Limits
    let limits: EngineLimits
    /// How soon work is done in pieces, and how small they are.
    let tasks: TaskQueue.Limits
    /// When replies are kept as rows.
    let replies: ReplyQueue.Limits
    let templates: QueryTemplates.Settings
    let clients: Int
    let loads: Int
    /// Keys are from 1 to this, though not all have rows.
    let keySpace: Int
    /// Nanoseconds between loads on average; nil: they come in a few bursts.
    let pause: Int64?
    let costs: Costs
    let faults: FaultRates

    init(_ profile: FaultProfile, _ random: inout SeededGenerator) {
        self.profile = profile
        let isTight = profile == .tight || profile == .everything && random.chance(0.5)
        start = random.pick(0, 1 << 40)
        slots = profile == .overload ? random.number(1...2) : random.number(1...4)
        batching = Batcher.Limits(
            maxKeyBytes: isTight && random.chance(0.5) ? random.number(40...200) : 1 << 20,
            maxInFlight: slots,
            isFrugal: random.chance(0.25))
        limits = Self.limits(isTight, profile.isQuiet, &random)
        tasks =
            random.chance(0.5)
            ? .init(budget: .milliseconds(2))
            : .init(
                budget: .zero, minTaskRows: random.number(0...2), maxRowsAtOnce: random.number(0...5),
                rowsInSlice: random.number(1...3))
        replies =
            random.chance(0.3)
            ? .init()
            : .init(
                highWater: random.number(1...1000), minLongReply: random.number(1...500),
                minHeldBytes: random.number(1...50))
        templates = Self.templates(profile, &random)
        clients = profile == .overload ? 16 : random.number(1...8)
        loads = profile == .overload ? 70 : random.number(5...45)
        keySpace = profile == .overload ? 150 : random.pick(6, 25)
        costs = Costs(&random)
        let isBursty = profile != .overload && random.chance(0.3)
        pause =
            isBursty
            ? nil : profile == .overload ? costs.base / 3 : random.time(50 * microsecond...4 * millisecond)
        faults = FaultRates(profile, &random)
    }

    /// Of any query, if no lock keeps it.
    var longestQuery: Int64 { costs.longest(keys: Self.mostKeys) }

    private static let mostKeys = 20

    private static func limits(
        _ isTight: Bool, _ isQuiet: Bool, _ random: inout SeededGenerator
    ) -> EngineLimits {
        EngineLimits(
            maxReplyBytes: isTight && random.chance(0.7) ? random.number(60...3000) : 1 << 20,
            requestTimeout: TimeSpan(
                nanoseconds: isQuiet ? 1000 * second : random.time(20 * millisecond...2 * second)),
            maxQueuedKeys: isTight && random.chance(0.5) ? random.number(5...60) : 10_000,
            maxClientKeys: isTight && random.chance(0.5) ? random.number(5...30) : 10_000,
            maxRows: isTight && random.chance(0.5) ? random.number(5...60) : 10_000,
            maxResultBytes: isTight && random.chance(0.2) ? random.number(1000...20_000) : 1 << 30,
            maxUnreadBytes: isQuiet || random.chance(0.5) ? 1 << 30 : random.number(100...5000))
    }

    static func templates(_ profile: FaultProfile, _ random: inout SeededGenerator) -> QueryTemplates.Settings
    {
        var settings = QueryTemplates.Settings()
        settings.policy = policy(profile, &random)
        for relation in SimulatedRelationship.all where random.chance(0.4) {
            settings.policies[relation.name] = policy(profile, &random)
        }
        return settings
    }

    private static func policy(_ profile: FaultProfile, _ random: inout SeededGenerator) -> BatchingPolicy {
        BatchingPolicy(
            window: TimeSpan(
                nanoseconds: random.chance(0.2) ? 0 : random.time(100 * microsecond...2 * millisecond)),
            maxKeys: random.number(3...(profile == .overload ? 5 : mostKeys)),
            priority: profile.isQuiet ? 0 : random.number(-2...2))
    }
}

extension FaultProfile {
    /// Whether every load must get its rows.
    var isQuiet: Bool { self == .calm || self == .overload }
}

/// How long queries take, in nanoseconds.
struct Costs {
    let base: Int64
    let perKey: Int64
    /// The rows of some come late by up to this.
    let jitter: Int64

    init(_ random: inout SeededGenerator) {
        base = random.pick(100 * microsecond, 400 * microsecond, 3 * millisecond)
        perKey = random.time(0...50 * microsecond)
        jitter = random.time(0...base)
    }

    func longest(keys: Int) -> Int64 { base + Int64(keys) * perKey + jitter }
}

/// How often things go wrong: probabilities, of each load or each query, unless something else is said.
struct FaultRates {
    var cancel = 0.0
    var hangUp = 0.0
    var timeout = 0.0
    var slowReader = 0.0
    var lock = 0.0
    /// Of each key.
    var poison = 0.0
    var lost = 0.0
    /// The server ends the query because it took too long.
    var refused = 0.0
    var changedColumns = 0.0
    /// Number of times in the simulation.
    var crashes = 0
    var reloads = 0
    var isShutDown = false

    init(_ profile: FaultProfile, _ random: inout SeededGenerator) {
        let isAll = profile == .everything
        if profile == .impatient || isAll {
            (cancel, hangUp, timeout, slowReader, lock) = (0.15, 0.3, 0.3, 0.1, 0.1)
        }
        if profile == .poisoned || isAll { poison = 0.1 }
        if profile == .stormy || isAll {
            (lost, refused, changedColumns) = (0.1, 0.03, 0.02)
            crashes = random.number(0...2)
        }
        guard isAll else { return }
        reloads = random.number(0...2)
        isShutDown = random.chance(0.3)
    }
}

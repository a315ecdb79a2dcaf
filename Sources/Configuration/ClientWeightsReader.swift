import Glibc
import TOML

/// Reads `[batching.client_weights]`: how much of what there is each user's clients get, where all want more.
enum ClientWeightsReader {
    private static let range = 1...64

    // www-data = 4
    static func read(_ values: [String: TOMLValue], _ faults: inout FaultCollector) -> [String: Int] {
        var weights: [String: Int] = [:]
        for (user, value) in values {
            let path = ["batching", "client_weights", user]
            guard case .integer(let weight) = value, range.contains(weight) else {
                faults.add(
                    path,
                    "the weight of '\(user)' is \(value.shown); expected an integer, \(range.lowerBound) to \(range.upperBound)"
                )
                continue
            }
            if getpwnam(user) == nil { faults.add(path, "this machine has no user '\(user)'") }
            weights[user] = weight
        }
        return weights
    }
}

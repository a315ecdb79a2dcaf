import Configuration
import Testing

/// The shortest file without a fault.
let minimalFile = """
    [listen]
    unix = "/run/k.sock"
    [database]
    socket = "/run/m.sock"
    name = "library"

    """

func read(_ source: String, environment: [String: String] = [:]) throws -> Settings {
    try SettingsReader.read(source: source, file: "k.toml", environment: environment)
}

/// The faults of a file as they are printed, without the file's name; none if the file is good.
func faults(_ source: String, environment: [String: String] = [:]) -> [String] {
    do {
        _ = try SettingsReader.read(source: source, file: "k.toml", environment: environment)
        return []
    } catch {
        return error.faults.map { String("\($0)".trimmingPrefix("k.toml:")) }
    }
}

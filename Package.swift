// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is built the same way: Swift 6 mode, no import leaks into a signature, any warning is
/// an error.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .treatAllWarnings(as: .error),
]

func ours(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")

let package = Package(
    name: "kindred",
    products: [.executable(name: "kindred", targets: ["kindred"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // The pure core: no C, no Foundation, no clock, no lock, no async.
        ours("Time"),
        ours("Relations"),
        ours("Wire", ["Relations"]),
        ours("Batching", ["Relations", "Time", deque, heap]),
        ours("Planning", ["Relations"]),
        ours("FanOut", ["Relations"]),
        ours("Loading", ["Time", "Relations", "Wire", "Batching", "Planning", "FanOut", deque, heap]),

        // The thin shell: all C names stop in MariaDB and Reactor (but for the prepared statements of Bench).
        .systemLibrary(name: "CMariaDB", pkgConfig: "libmariadb", providers: [.apt(["libmariadb-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibevent", pkgConfig: "libevent", providers: [.apt(["libevent-dev"])]),
        ours("MariaDB", ["CMariaDB", "COpenSSL", "Relations"]),
        ours("Reactor", ["CLibevent", "Time"]),

        // Where the parts meet, and what stands around them.
        ours("TOML"),
        ours("Configuration", ["Relations", "TOML"]),
        ours(
            "Service",
            [
                "Time", "Relations", "Wire", "Batching", "Planning", "FanOut", "Loading", "MariaDB",
                "Reactor",
                "Configuration", deque, histogram, logging,
            ]),
        ours("LineClient"),
        ours("PrivateServer", ["LineClient", "MariaDB", "Relations"]),
        ours("Demo", ["LineClient", "PrivateServer", "MariaDB"]),
        ours(
            "Bench",
            [
                "Time", "Relations", "Wire", "Planning", "FanOut", "CMariaDB", "MariaDB", "Reactor",
                "LineClient", deque, histogram,
            ]),
        .executableTarget(
            name: "kindred",
            dependencies: [
                "Service", "Reactor", "Configuration", "Relations", "Wire", "MariaDB", "LineClient",
                "PrivateServer", "Demo", "Bench", "Time",
                argumentParser, logging,
            ], swiftSettings: strict,
            // The linker that comes with Swift. The system's warns of mktemp(3) in Foundation, which opens
            // the file that it names with O_EXCL, so that nobody can put another one in its place.
            linkerSettings: [.unsafeFlags(["-use-ld=lld"])]),
        .executableTarget(
            name: "MicroBench",
            dependencies: [
                "Time", "Relations", "Wire", "Batching", "Planning", "FanOut", "Loading", argumentParser,
            ],
            swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["LineClient", "PrivateServer", "Relations"],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        .executableTarget(
            name: "Torture",
            dependencies: [
                "TestSupport", "Demo", "LineClient", "MariaDB", "PrivateServer", "Service", argumentParser,
            ],
            path: "Tests/Torture", swiftSettings: strict),
        tests("TimeTests", ["Time"]),
        tests("RelationsTests", ["Relations", "TestSupport"]),
        tests("WireTests", ["Wire", "Relations", "TestSupport"]),
        tests("BatchingTests", ["Batching", "Relations", "Time", "TestSupport", heap]),
        tests("PlanningTests", ["Planning", "Relations", "TestSupport"]),
        tests("FanOutTests", ["FanOut", "Relations", "TestSupport"]),
        tests(
            "LoadingTests",
            ["Loading", "Batching", "Planning", "Relations", "Time", "Wire", "TestSupport", heap]),
        tests("ReactorTests", ["Reactor", "LineClient", "PrivateServer", "Time"]),
        tests("MariaDBTests", ["MariaDB", "PrivateServer", "Relations", "TestSupport"]),
        tests("BenchTests", ["Bench", "MariaDB", "TestSupport"]),
        tests("TOMLTests", ["TOML", "PrivateServer", "TestSupport"]),
        tests("ConfigurationTests", ["Configuration", "Relations", "TestSupport"]),
        tests(
            "ServiceTests",
            [
                "Service", "Configuration", "Loading", "MariaDB", "Planning", "PrivateServer", "Reactor",
                "Relations",
                "TestSupport", "Time", logging,
            ]),
        tests(
            "EndToEndTests",
            ["Service", "TestSupport", "Demo", "LineClient", "MariaDB", "PrivateServer", "Relations"]),
    ]
)

// Fuzzers, which only `make fuzz` builds: they need another linker, and instrument everything.
if Context.environment["KINDRED_FUZZ"] != nil {
    func fuzzer(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
        .executableTarget(
            name: name, dependencies: dependencies + ["Fuzzing"], path: "Tests/Fuzz/\(path)",
            swiftSettings: strict)
    }
    package.targets += [
        .systemLibrary(name: "CLibFuzzer", path: "Tests/Fuzz/CLibFuzzer"),
        .target(
            name: "Fuzzing", dependencies: ["CLibFuzzer"], path: "Tests/Fuzz/Support", swiftSettings: strict),
        fuzzer("FuzzRequests", "requests", ["Wire", "Relations", "Planning"]),
        fuzzer("FuzzConfiguration", "configuration", ["Configuration", "Relations"]),
        fuzzer("FuzzDriver", "driver", ["MariaDB", "Reactor", "Time"]),
    ]
}

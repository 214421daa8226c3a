// swift-tools-version: 6.2
// The house of Linchpin: which room exists and which rooms it may enter.
import Foundation
import PackageDescription

/// Every Swift target is strict in the same way: imports are internal and named, existentials are spelt out.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// A room of the house: a Swift target with what it may import.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of one room, with the fixtures they share; `besides` are scripts and goldens that are not compiled.
func tests(_ name: String, _ dependencies: [Target.Dependency], besides: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["Fixtures"], exclude: besides, swiftSettings: strict)
}

let package = Package(
    name: "linchpin",
    products: [.executable(name: "linchpin", targets: ["CLI"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Floor 5: wires the house, so it may name every room's front door.
        .executableTarget(
            name: "CLI",
            dependencies: [
                "API", "Training", "Evaluating", "Demonstrations", "Serving", "Sockets", "Scoring", "Transformers",
                "Batching", "Tokenizing", "Checkpoints", "Crediting", "Digests", "JSON", "Logs", "CMalloc", "CProcess",
                argumentParser, logging, lifecycle, signals,
            ],
            swiftSettings: strict
        ),
        // Floor 4: Crediting and Batching for the values that Scoring hands up (MemberImportVisibility wants them named).
        .target(
            name: "API",
            dependencies: [
                "Serving", "Scoring", "Crediting", "Batching", "Transcripts", "Executors", "JSON", "Digests", "Logs",
                httpTypes, logging, metrics,
            ],
            resources: [
                "openapi.yaml", "frame.html", "index.html", "page.css", "page.js", "methods.html", "methods.css",
                "methods.js", "list.js", "options.js", "examples.js", "operators.js", "stage.js", "player.js",
                "service.js", "figures.js",
            ].map { .embedInCode("Resources/" + $0) },
            swiftSettings: strict
        ),
        room(
            "Training",
            ["Scoring", "Tokenizing", "Transformers", "Crediting", "Checkpoints", "Evaluating", "JSON"]
        ),
        // Floor 3
        room("Serving", ["Sockets", "CZlib", httpTypes]),
        room(
            "Scoring",
            ["Tokenizing", "Batching", "Transformers", "Crediting", "Checkpoints", "CBuiltIn", "JSON"]
        ),
        // Floor 2
        room("Sockets", ["CEpoll", "COpenSSL"]),
        room("Transformers", ["CKernels", "Checkpoints", "Executors"]),
        // Floor 1
        room("Batching"),
        room("Tokenizing", ["JSON"]),
        room("Checkpoints", ["JSON", "Digests"]),
        room("Crediting"),
        room("Transcripts"),
        room("Evaluating", ["JSON"]),
        room("Demonstrations", ["JSON"]),
        room("Logs", ["JSON", logging]),
        // Floor 0
        room("Executors"),
        room("JSON"),
        room("Digests", ["COpenSSL"]),
        .target(
            name: "CKernels",
            dependencies: ["CBLAS"],
            linkerSettings: [.linkedLibrary("openblas"), .linkedLibrary("m")]
        ),
        .target(name: "CBuiltIn", exclude: ["Resources"]),
        .systemLibrary(name: "CBLAS", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CEpoll"),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CProcess"),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),

        .target(name: "Fixtures", path: "Tests/Fixtures", swiftSettings: strict),
        .target(
            name: "TLSFixtures",
            dependencies: ["Fixtures", "Sockets", "COpenSSL"],
            path: "Tests/TLSFixtures",
            swiftSettings: strict
        ),
        tests("JSONTests", ["JSON"]),
        tests("ExecutorsTests", ["Executors"]),
        tests("DigestsTests", ["Digests"]),
        tests("CheckpointsTests", ["Checkpoints", "JSON"]),
        tests(
            "TokenizingTests",
            ["Tokenizing", "JSON"],
            besides: ["Golden", "parity.py", "rebuild_llama3.py", "make_unicode_tables.py"]
        ),
        tests("CreditingTests", ["Crediting"]),
        tests("TranscriptsTests", ["Transcripts"], besides: ["golden.json", "make_golden.py"]),
        tests("EvaluatingTests", ["Evaluating", "JSON"]),
        tests("DemonstrationsTests", ["Demonstrations", "JSON"], besides: ["golden-7.jsonl"]),
        tests("LogsTests", ["Logs", "JSON", logging]),
        tests("BatchingTests", ["Batching"]),
        tests("TransformersTests", ["Transformers", "CKernels", "Checkpoints", "JSON"]),
        tests("SocketsTests", ["Sockets", "TLSFixtures"]),
        tests("ServingTests", ["Serving", "Sockets", "TLSFixtures", "JSON", "CMalloc", "CZlib", httpTypes]),
        tests(
            "TrainingTests",
            [
                "Training", "Scoring", "Batching", "Tokenizing", "Transformers", "Crediting", "Checkpoints",
                "Evaluating", "Demonstrations", "JSON",
            ]
        ),
        tests(
            "ScoringTests",
            ["Scoring", "Tokenizing", "Transformers", "Batching", "Checkpoints", "Crediting", "JSON"]
        ),
        tests(
            "APITests",
            [
                "API", "Serving", "Scoring", "Crediting", "Batching", "Checkpoints", "JSON", "Logs", httpTypes, logging,
                metrics, yams,
            ]
        ),
        tests("EndToEndTests", ["JSON", "TLSFixtures"]),
    ],
    swiftLanguageModes: [.v6]
)

// Deploy/checks/fuzz alone builds these, under sanitizers: libFuzzer brings their main.
if ProcessInfo.processInfo.environment["LINCHPIN_FUZZ"] == "1" {
    for (reader, rooms) in [
        ("Header", ["Checkpoints"]), ("Config", ["Checkpoints"]), ("Index", ["Checkpoints"]),
        ("Tokenizer", ["Tokenizing"]), ("JSON", ["JSON"]), ("Request", ["Serving"]), ("Chunks", ["Serving"]),
        ("Gzip", ["Serving", "CZlib"]), ("Transcript", ["Transcripts"]),
    ] {
        package.targets.append(
            .target(
                name: "Fuzz" + reader,
                dependencies: rooms.map { .byName(name: $0) },
                path: "Tests/Fuzzing/Fuzz" + reader,
                swiftSettings: strict
            )
        )
    }
}

// Deploy/checks/threads --short builds the tests of the rooms where threads meet, and no others.
if ProcessInfo.processInfo.environment["LINCHPIN_THREADS"] == "1" {
    let rooms = ["ExecutorsTests", "SocketsTests", "ServingTests", "BatchingTests"]
    package.targets.removeAll { $0.type == .test && !rooms.contains($0.name) }
}

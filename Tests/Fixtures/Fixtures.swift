// Finds what the tests read beside this checkout.
package import Foundation
import Synchronization

/// The folder `../shared` beside this checkout; a user's clone has none, and tests that need it are skipped.
package enum Shared {
    /// The root of this checkout, from this file's own place in it.
    package static let checkout = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// `LINCHPIN_SHARED` where it is set, else `../shared`.
    package static let folder: URL =
        ProcessInfo.processInfo.environment["LINCHPIN_SHARED"].map { URL(fileURLWithPath: $0) }
        ?? checkout.deletingLastPathComponent().appendingPathComponent("shared")

    package static let isPresent = FileManager.default.fileExists(
        atPath: folder.appendingPathComponent("DESIGN.md").path
    )

    /// What a skipped test says.
    package static let skipped: String = "SKIPPED: ../shared is not beside this checkout"

    package static func file(_ path: String) -> URL { folder.appendingPathComponent(path) }

    package static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: file(path))) }

    /// A JSONL file as one string a line.
    package static func lines(_ path: String) throws -> [[UInt8]] {
        try bytes(path).split(separator: UInt8(ascii: "\n")).map(Array.init)
    }
}

/// A scratch folder; all of them are removed when the tests end, so that a path outlives the value that it came from.
package struct TemporaryFolder: Sendable {
    private static let made = Mutex<[URL]>([])
    private static let removal: Void = {
        _ = atexit {
            for folder in TemporaryFolder.made.withLock({ $0 }) { try? FileManager.default.removeItem(at: folder) }
        }
    }()

    package let url: URL

    package init() throws {
        _ = Self.removal
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("linchpin-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        Self.made.withLock { $0.append(url) }
        self.url = url
    }

    package var path: String { url.path }

    /// A copy of the file at `path`, in the place of an earlier one.
    package func copy(_ path: String, to name: String) throws {
        try write([UInt8](Data(contentsOf: URL(fileURLWithPath: path))), to: name)
    }

    package func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: url.appendingPathComponent(name))
    }
}

/// A checkpoint of `../shared/fixtures` as a folder of symbolic links, as the Hub's cache lays one out.
///
/// Where `../shared` was unpacked without symbolic links, its `tokenizer.json` is a text that names the real file.
package func fixtureCheckpoint(_ name: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let source = Shared.file("fixtures/\(name)")
    for file in try FileManager.default.contentsOfDirectory(atPath: source.path) {
        var target = source.appendingPathComponent(file)
        if file == "tokenizer.json", let text = try? String(contentsOf: target, encoding: .utf8), text.hasPrefix("../")
        {
            target = source.appendingPathComponent(text.trimmingCharacters(in: .whitespacesAndNewlines)).standardized
        }
        try FileManager.default.createSymbolicLink(
            at: folder.url.appendingPathComponent(file),
            withDestinationURL: target.resolvingSymlinksInPath()
        )
    }
    return folder
}

/// Llama-3's tokenizer, whose licence keeps it out of `../shared` and of this repository.
///
/// `Tests/TokenizingTests/rebuild_llama3.py` makes it from a PyPI wheel; Deploy/test runs that before the tests.
package enum Llama3 {
    private static let file = Shared.checkout.appendingPathComponent(".build/llama3/llama3.tokenizer.json")

    /// Whether what ../shared has of that vocabulary can be used.
    package static let isUsable = Shared.isPresent && FileManager.default.fileExists(atPath: file.path)

    package static let skipped: String =
        "SKIPPED: needs ../shared beside this checkout, and Tests/TokenizingTests/rebuild_llama3.py to have been run"

    package static func tokenizer() throws -> [UInt8] { [UInt8](try Data(contentsOf: file)) }

    /// The fixture `rlhflow` with its tokenizer.
    package static func fixture() throws -> TemporaryFolder {
        let folder = try fixtureCheckpoint("rlhflow")
        try folder.write(tokenizer(), to: "tokenizer.json")
        return folder
    }
}

// linchpin bench text: how fast text becomes tokens.
import ArgumentParser
import Glibc
import JSON
import Tokenizing

struct BenchText: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "text",
        abstract: "Time a tokenizer on one thread: loading it, and the prompts and steps of a file of rollouts.",
        discussion: "Each round loads once and encodes the whole file once; medians count. No weights are read."
    )

    @Option(help: ArgumentHelp("Folder with the tokenizer.json.", valueName: "DIR"))
    var model: String

    @Option(help: ArgumentHelp("Rounds to time.", valueName: "N"))
    var rounds = 5

    @Flag(help: "Print one JSON object.")
    var json = false

    @Argument(help: ArgumentHelp("Rollouts, one JSON object a line.", valueName: "FILE"))
    var rollouts: String

    func run() async throws {
        try await Failure.reporting {
            guard rounds > 0 else { throw Failure.usage("--rounds must be at least 1") }
            let texts = try texts()
            var figures = TextFigures(texts: texts.count, bytes: texts.reduce(0) { $0 + $1.utf8.count })
            for _ in 0..<rounds {
                let start = ContinuousClock.now
                let tokenizer = try load()
                let loaded = ContinuousClock.now
                figures.tokens = texts.reduce(0) { $0 + tokenizer.encode($1).count }
                figures.encodeSeconds.append((ContinuousClock.now - loaded) / .seconds(1))
                figures.loadSeconds.append((loaded - start) / .seconds(1))
            }
            let text = json ? figures.object.serialized() : Array(figures.words.utf8)
            Output.write(text + [UInt8(ascii: "\n")], to: STDOUT_FILENO)
        }
    }

    private func load() throws -> Tokenizer {
        let bytes = try FileBytes.all(of: model + "/tokenizer.json", limit: TokenizerLimits.fileBytes)
        do throws(TokenizerError) {
            return try Tokenizer(parsing: bytes)
        } catch {
            throw Failure.model(model, error)
        }
    }

    /// Every prompt and every step of the file.
    private func texts() throws -> [String] {
        var reader = try LineReader(path: rollouts)
        var texts: [String] = []
        for (index, line) in try reader.next(.max).enumerated() {
            guard let row = try? JSONValue(parsing: line) else {
                throw Failure.file(rollouts, "rollout \(index + 1) is not valid JSON")
            }
            texts += [row["prompt"]?.string].compactMap { $0 } + (row["steps"]?.array ?? []).compactMap(\.string)
        }
        guard texts.contains(where: { !$0.isEmpty }) else { throw Failure.file(rollouts, "no prompts and no steps") }
        return texts
    }
}

/// What a text bench found; seconds by round.
private struct TextFigures {
    let texts: Int
    let bytes: Int
    var tokens = 0
    var loadSeconds: [Double] = []
    var encodeSeconds: [Double] = []

    init(texts: Int, bytes: Int) {
        self.texts = texts
        self.bytes = bytes
    }

    private static func median(_ seconds: [Double]) -> Double {
        seconds.isEmpty ? 0 : seconds.sorted()[seconds.count / 2]
    }

    private var load: Double { Self.median(loadSeconds) }
    private var encode: Double { Swift.max(Self.median(encodeSeconds), 1e-9) }

    var object: JSONValue {
        var object = JSONObject()
        object["texts"] = JSONValue(texts)
        object["bytes"] = JSONValue(bytes)
        object["tokens"] = JSONValue(tokens)
        object["load_seconds"] = JSONValue(load)
        object["encode_seconds"] = JSONValue(encode)
        object["megabytes_per_second"] = JSONValue(Double(bytes) / encode / 1e6)
        object["tokens_per_second"] = JSONValue(Double(tokens) / encode)
        return .object(object)
    }

    var words: String {
        func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }
        return """
            \(texts) texts of \(bytes) bytes: \(tokens) tokens
            load                \(tenths(load * 1000)) ms
            encode              \(tenths(Double(bytes) / encode / 1e6)) MB/s, \(Int(Double(tokens) / encode)) tokens/s
            """
    }
}

// What stands beside a checkpoint while it is learnt.
import Checkpoints
import Glibc
package import JSON

/// `DIR/training`: what the run is (`run.json`), how far it is (`state.safetensors`), how it went (`curve.*`).
struct RunFolder {
    static let runFile = "run.json"

    /// The folder of the checkpoint.
    let output: String

    var path: String { output + "/training" }

    /// Makes both folders where they are missing.
    func make() throws(TrainingError) {
        for folder in [output, path] {
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw .file(folder, errno: errno) }
        }
    }

    var run: RunDescription? {
        get throws(TrainingError) {
            guard let text = try bytes(of: Self.runFile) else { return nil }
            guard let object = (try? JSONValue(parsing: text))?.object, let run = RunDescription(object) else {
                throw .badState(file: Self.runFile)
            }
            return run
        }
    }

    func write(_ run: RunDescription) throws(TrainingError) {
        try write(JSONValue.object(run.json).serialized() + [UInt8(ascii: "\n")], to: Self.runFile)
    }

    /// Forgets an earlier run; cached features are keyed and may stay.
    func clear() throws(TrainingError) {
        for name in [Self.runFile, StateFile.name, Curve.textFile, Curve.plotFile] {
            guard unlink(path + "/" + name) == 0 || errno == ENOENT else { throw .file(name, errno: errno) }
        }
    }

    func write(_ bytes: [UInt8], to name: String) throws(TrainingError) {
        do {
            try writeFile(bytes, to: path + "/" + name)
        } catch {
            throw .checkpoint(error)
        }
    }

    /// A small file of the folder; nil where there is none.
    func bytes(of name: String) throws(TrainingError) -> [UInt8]? {
        let descriptor = open(path + "/" + name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .file(name, errno: errno)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &piece, piece.count)
            guard count >= 0 else { throw .file(name, errno: errno) }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
    }
}

/// What a run is: resumed only on the same settings, data, base and tokenizer.
package struct RunDescription: Sendable {
    package let settings: JSONObject
    /// The folder of the base as it was given; nil for a new decoder.
    package let baseFolder: String?
    /// Digests, 16 hexadecimal digits each.
    let data: String
    let base: String?
    let tokenizer: String

    init(settings: TrainingSettings, data: String, baseFolder: String?, base: String?, tokenizer: String) {
        self.settings = settings.json
        self.baseFolder = baseFolder
        (self.data, self.base, self.tokenizer) = (data, base, tokenizer)
    }

    init?(_ object: JSONObject) {
        guard let settings = object["settings"]?.object, let data = object["data"]?.string,
            let tokenizer = object["tokenizer"]?.string
        else { return nil }
        self.settings = settings
        (self.data, self.tokenizer) = (data, tokenizer)
        base = object["base"]?.string
        baseFolder = object["base_folder"]?.string
    }

    /// The run that a folder of a checkpoint holds; nil where it holds none.
    package static func stored(in output: String) throws(TrainingError) -> RunDescription? {
        try RunFolder(output: output).run
    }

    /// Of what features are computed from.
    var featureKey: String { [data, base ?? "", tokenizer].joined(separator: " ") }

    var json: JSONObject {
        [
            "settings": .object(settings),
            "data": .string(data),
            "base_folder": baseFolder.map { .string($0) } ?? .null,
            "base": base.map { .string($0) } ?? .null,
            "tokenizer": .string(tokenizer),
        ]
    }

    /// Refuses to go on with something else, by its name; `self` is what the run began with.
    func refuseOther(_ other: RunDescription) throws(TrainingError) {
        for (name, was, now) in [
            ("data", data, other.data), ("base", base ?? "none", other.base ?? "none"),
            ("tokenizer", tokenizer, other.tokenizer),
        ] where was != now {
            throw .differs(name, was: was, now: now)
        }
    }
}

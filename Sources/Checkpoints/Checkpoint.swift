// Opens a model folder and checks all but the data.
import JSON

/// A Hugging Face folder; its safetensors files are held open, so that one that is replaced can still be read.
package struct Checkpoint: Sendable {
    /// As it was given; the name of a model in memory.
    package let folder: String
    package let config: ModelConfig
    /// Every tensor that can be loaded, by name.
    package let tensors: [String: TensorInfo]
    /// Tensors of other element types: they may lie in the files, and are refused when they are asked for.
    package let unsupportedTensors: [String: UnsupportedTensor]
    let files: [String: ModelFile]
    let place: ModelPlace

    private static let configLimit = 16 << 20

    /// Reads config.json and the header of every safetensors file; the data is not touched.
    package init(folder: String) throws(CheckpointError) {
        guard ModelPlace.isFolder(folder) else { throw .notAFolder(folder) }
        // Resolved once: a link that is moved while the files are opened must not make one model out of two.
        try self.init(name: folder, place: .folder(ModelPlace.resolved(folder)))
    }

    /// A model in memory, under the same checks as a folder; of two files with one name the first counts.
    /// - Parameter files: named as in a folder; their bytes must never be freed or written to.
    package init(
        name: String,
        files: [(name: String, bytes: UnsafeRawBufferPointer)]
    ) throws(CheckpointError) {
        let resident = files.map { ($0.name, ModelPlace.ResidentBytes(bytes: $0.bytes)) }
        try self.init(name: name, place: .memory(Dictionary(resident) { first, _ in first }))
    }

    private init(name: String, place: ModelPlace) throws(CheckpointError) {
        folder = name
        self.place = place
        guard let text = try place.contents(of: "config.json", limit: Self.configLimit) else {
            // An adapter or a GGUF file has none either, and is the better word for what is wrong.
            if let substitute = Weights.substitute(in: place) { throw .noWeights(instead: substitute) }
            throw .missingFile("config.json")
        }
        config = try ModelConfig(json: try Self.object(parsing: text, file: "config.json"))
        let weights = try Weights(place)
        files = weights.files
        var tensors: [String: TensorInfo] = [:]
        var unsupported: [String: UnsupportedTensor] = [:]
        for entry in weights.entries {
            if let info = entry.info {
                tensors[entry.name] = info
            } else {
                unsupported[entry.name] = UnsupportedTensor(
                    dtype: entry.dtypeName,
                    shape: entry.shape,
                    file: entry.file
                )
            }
        }
        self.tensors = tensors
        unsupportedTensors = unsupported
    }

    /// Another file of the folder, such as tokenizer.json; nil where there is none.
    /// - Parameter limit: in bytes; a longer file is refused before it is read.
    package func file(_ name: String, limit: Int) throws(CheckpointError) -> [UInt8]? {
        try place.contents(of: name, limit: limit)
    }

    static func object(parsing text: [UInt8], file: String) throws(CheckpointError) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text)
        } catch {
            throw .notJSON(file: file, error)
        }
        guard let object = value.object else { throw .notAnObject(file: file) }
        return object
    }
}

/// One element of a tensor, as it is stored.
package enum DType: String, Sendable, CaseIterable {
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"

    package var byteCount: Int { self == .float32 ? 4 : 2 }
}

/// A tensor that nothing here computes with, such as a buffer of I64.
package struct UnsupportedTensor: Sendable, Equatable {
    package let dtype: String
    package let shape: [Int]
    package let file: String
}

/// Where a tensor lies and what it holds; row-major, little-endian.
package struct TensorInfo: Sendable, Equatable {
    package let name: String
    package let dtype: DType
    /// Empty for a scalar; a size may be 0.
    package let shape: [Int]
    package let file: String
    /// From the start of the file; not necessarily aligned.
    package let fileOffset: Int
    package let byteCount: Int

    package var elementCount: Int { byteCount / dtype.byteCount }
}

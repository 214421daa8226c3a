// One safetensors file on its own, such as a run's state.
import JSON

/// An open file whose header has been checked; tensors are read when they are asked for.
package struct SafetensorsFile: Sendable {
    package let tensors: [String: TensorInfo]
    /// The strings of `__metadata__`.
    package let metadata: [String: String]
    private let file: ModelFile

    /// Nil where there is no such file.
    package init?(_ name: String, in folder: String) throws(CheckpointError) {
        guard let file = try ModelFile(name, in: folder) else { return nil }
        let header = try SafetensorsHeader(of: file)
        // The header has been checked: its length is within the file and its metadata are strings.
        let length = try file.bytes(0..<8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let object = try Checkpoint.object(parsing: try file.bytes(8..<8 + length), file: name)
        var metadata: [String: String] = [:]
        for member in object["__metadata__"]?.object ?? [:] { metadata[member.key] = member.value.string }
        var tensors: [String: TensorInfo] = [:]
        for entry in header.entries { tensors[entry.name] = entry.info }
        self.file = file
        self.metadata = metadata
        self.tensors = tensors
    }

    /// The numbers of a tensor of F32.
    package func floats(_ name: String) throws(CheckpointError) -> [Float] {
        guard let info = tensors[name] else { throw .missingTensor(name) }
        guard info.dtype == .float32 else {
            throw .tensor(name, file: info.file, .unsupportedDType(info.dtype.rawValue))
        }
        try file.checkUnchanged()
        var floats = [Float](repeating: 0, count: info.elementCount)
        let outcome: Result<Void, CheckpointError> = floats.withUnsafeMutableBytes { bytes in
            Result { () throws(CheckpointError) in try file.read(into: bytes, at: info.fileOffset) }
        }
        try outcome.get()
        return floats
    }
}

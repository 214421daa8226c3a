// The sentences of what is wrong with a model folder.
import Checkpoints
import Glibc
import JSON

extension CheckpointError {
    var sentence: String {
        switch self {
        case .notAFolder(let path): "\(path) is not a folder"
        case .missingFile(let file): "there is no \(file)"
        case .unreadable(let file, let code): "\(file): \(String(cString: strerror(code)))"
        case .notRegularFile(let file): "\(file) is not a regular file"
        case .badFileName(let name): "the file name \(name.debugDescription) is not one of this folder's"
        case .fileTooLarge(let file, let bytes, let limit): "\(file) has \(bytes) bytes, more than \(limit)"
        case .fileChanged(let file): "\(file) changed while it was read"
        case .notJSON(let file, let error): "\(file) is not valid JSON (byte \(error.offset))"
        case .notAnObject(let file): "\(file) is not a JSON object"
        case .noWeights(let instead?): "there are no safetensors but \(instead): convert it first, pickles are not read"
        case .noWeights(nil): "there are no safetensors"
        case .config(let field, let problem): "config.json: \(field) \(problem.sentence)"
        case .index(let problem): "model.safetensors.index.json: \(problem.sentence)"
        case .header(let file, let problem): "\(file): \(problem.sentence)"
        case .tensor(let name, let file, let problem): "\(file): tensor \(name) \(problem.sentence)"
        case .missingTensor(let name): "the tensor \(name) is missing"
        case .outOfMemory(let tensor, let bytes): "no memory for the \(bytes) bytes of the tensor \(tensor)"
        case .notWritten(let path, let code): "cannot write \(path): \(String(cString: strerror(code)))"
        }
    }
}

extension FieldProblem {
    fileprivate var sentence: String {
        switch self {
        case .missing: "is missing"
        case .expected(let kind): "must be of the kind \(kind)"
        case .outOfRange(let value): "is out of range: \(value)"
        case .unsupported(let value): "is \(value), which is not supported"
        case .contradicts(let other): "contradicts \(other)"
        }
    }
}

extension IndexProblem {
    fileprivate var sentence: String {
        switch self {
        case .noWeightMap: "there is no weight_map"
        case .fileNameExpected(let tensor): "the tensor \(tensor) has no file name"
        case .tooManyTensors(let count, let limit): "\(count) tensors, more than \(limit)"
        case .tooManyShards(let count, let limit): "\(count) shards, more than \(limit)"
        case .notInShard(let tensor, let file): "the tensor \(tensor) is not in \(file)"
        case .inTwoShards(let tensor, let files): "the tensor \(tensor) is in \(files.joined(separator: " and "))"
        case .notInIndex(let tensor, let file): "the tensor \(tensor) of \(file) is not listed"
        }
    }
}

extension HeaderProblem {
    fileprivate var sentence: String {
        switch self {
        case .fileTooShort(let bytes): "\(bytes) bytes are no safetensors file"
        case .tooLong(let bytes, let limit): "its header of \(bytes) bytes is longer than \(limit)"
        case .longerThanFile(let bytes, let fileBytes): "its header of \(bytes) bytes is longer than its \(fileBytes)"
        case .doesNotStartWithBrace: "its header does not start with a brace"
        case .metadataNotStrings: "its __metadata__ does not map strings to strings"
        case .tooManyTensors(let count, let limit): "\(count) tensors, more than \(limit)"
        case .trailingBytes(let count): "\(count) bytes after the last tensor belong to none"
        case .badTensorName(let name): "the tensor name \(name.debugDescription) is not a name"
        }
    }
}

extension TensorProblem {
    fileprivate var sentence: String {
        switch self {
        case .notAnObject: "is not described by an object"
        case .field(let name): "has no valid \(name)"
        case .tooManyDimensions(let count, let limit): "has \(count) dimensions, more than \(limit)"
        case .sizeOverflows: "has a size that overflows"
        case .reversedOffsets(let begin, let end): "begins at \(begin) and ends before, at \(end)"
        case .outsideFile(let end, let bytes):
            "ends at \(end), beyond the data's \(bytes) bytes (is the file truncated?)"
        case .wrongByteCount(let count, let expected): "has \(count) bytes, its shape and type need \(expected)"
        case .hole(let from, let to): "leaves the bytes \(from) to \(to) before it to no tensor"
        case .overlaps(let other): "overlaps \(other)"
        case .unsupportedDType(let name): "has the type \(name); F32, F16 and BF16 are read"
        case .notFinite(let element): "is not finite at element \(element)"
        case .misaligned(let offset): "would begin at \(offset), which is no multiple of its element's size"
        }
    }
}

// A model folder, and every way in which one is refused.
package import JSON

/// Why a model folder was refused; files are named as in the folder, tensors and fields as in their files.
package enum CheckpointError: Error, Sendable, Equatable {
    case notAFolder(String)
    case missingFile(String)
    case unreadable(file: String, errno: Int32)
    case notRegularFile(String)
    /// A name that could leave the folder, or that no safetensors file bears.
    case badFileName(String)
    case fileTooLarge(String, bytes: Int, limit: Int)
    /// Written to, or cut, after its header was read.
    case fileChanged(String)
    case notJSON(file: String, JSONError)
    case notAnObject(file: String)
    /// No safetensors by a name that is looked for; nil where nothing stands there in their place.
    case noWeights(instead: Substitute?)
    /// An adapter beside whole weights: transformers would score with both, or with another base.
    case adapterBesideWeights
    /// The three lines that Git keeps in the place of a large file.
    case pointer(String)
    case config(field: String, FieldProblem)
    case index(IndexProblem)
    case header(file: String, HeaderProblem)
    case tensor(String, file: String, TensorProblem)
    case missingTensor(String)
    case outOfMemory(tensor: String, bytes: Int)
    /// Of the files' bytes: OpenSSL has no SHA-256, or nobody wants it any more.
    case noDigest
    /// A file that we write; what stood there before stands there still.
    case notWritten(path: String, errno: Int32)
}

/// What is wrong with a field of config.json.
package enum FieldProblem: Sendable, Equatable {
    case missing
    case expected(Kind)
    case outOfRange(String)
    /// Understood, but nothing here computes it.
    case unsupported(String)
    case contradicts(String)

    package enum Kind: Sendable, Equatable {
        case integer
        case number
        case boolean
        case string
        case strings
        case object
    }
}

/// What is wrong with model.safetensors.index.json.
package enum IndexProblem: Sendable, Equatable {
    case noWeightMap
    case fileNameExpected(tensor: String)
    case tooManyTensors(Int, limit: Int)
    case tooManyShards(Int, limit: Int)
    case missingShard(String)
    /// The index says that this shard holds the tensor; its header does not.
    case notInShard(tensor: String, file: String)
    case inTwoShards(tensor: String, files: [String])
    case notInIndex(tensor: String, file: String)
}

/// What is wrong with the header of a safetensors file as a whole.
package enum HeaderProblem: Sendable, Equatable {
    case fileTooShort(bytes: Int)
    case tooLong(UInt64, limit: Int)
    case longerThanFile(UInt64, fileBytes: Int)
    case doesNotStartWithBrace
    case metadataNotStrings
    case tooManyTensors(Int, limit: Int)
    /// The tensors end before the file does: the rest could be anything.
    case trailingBytes(Int)
    case badTensorName(String)
}

/// What is wrong with one tensor.
package enum TensorProblem: Sendable, Equatable {
    case notAnObject
    case field(String)
    case tooManyDimensions(Int, limit: Int)
    case sizeOverflows
    case reversedOffsets(Int, Int)
    case outsideFile(end: Int, dataBytes: Int)
    case wrongByteCount(Int, expected: Int)
    /// Bytes between this tensor and the one before it belong to neither.
    case hole(from: Int, to: Int)
    case overlaps(String)
    case unsupportedDType(String)
    case notFinite(element: Int)
    /// Only from the writer: a tensor that would not begin at a multiple of its element's size.
    case misaligned(offset: Int)
}

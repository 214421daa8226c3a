// One row of a tensor, without the others.

extension Checkpoint {
    /// Copies a row of a matrix out of its file, under the checks of `load`.
    ///
    /// - Parameters:
    ///   - row: of the first dimension; one outside of it is our own mistake.
    ///   - memory: room for the row as it is stored, aligned for its type.
    ///   - progress: gets the bytes done, not the total.
    /// - Returns: the type that the row is stored in.
    package func readRow(
        _ row: Int,
        of name: String,
        into memory: UnsafeMutableRawBufferPointer,
        progress: LoadProgress? = nil
    ) throws(CheckpointError) -> DType {
        guard let info = tensors[name], let file = files[info.file] else { throw .missingTensor(name) }
        let rows = info.shape.first ?? 0
        precondition((0..<rows).contains(row), "a row outside of its tensor")
        let byteCount = info.byteCount / rows
        precondition(byteCount <= memory.count, "a row is longer than the room for it")
        let room = UnsafeMutableRawBufferPointer(rebasing: memory[..<byteCount])
        try file.checkUnchanged()
        try file.read(into: room, at: info.fileOffset + row * byteCount)
        if let element = info.dtype.firstNonFinite(in: UnsafeRawBufferPointer(room)) {
            let first = row * (byteCount / info.dtype.byteCount)
            throw .tensor(name, file: info.file, .notFinite(element: first + element))
        }
        try file.checkUnchanged()
        progress?.addDone(byteCount)
        return info.dtype
    }
}

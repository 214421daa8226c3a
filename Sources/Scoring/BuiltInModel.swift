// The demonstration model that the binary carries.
import CBuiltIn
package import Checkpoints

/// The name under which it is served.
package let builtInModelName = "linchpin-arithmetic"

/// The built-in model, proven as any folder is.
package func builtInCheckpoint() throws -> Checkpoint {
    let files = (0..<lp_builtin_file_count()).map { index in
        let file = lp_builtin_file_at(index)
        return (name: String(cString: file.name), bytes: UnsafeRawBufferPointer(start: file.bytes, count: file.size))
    }
    return try Checkpoint(name: builtInModelName, files: files)
}

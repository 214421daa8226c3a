// Who the server is, replaceable while it serves.
internal import Synchronization

/// The context of new connections; those that are open keep the one that they began with.
package final class TLSIdentity: Sendable {
    private let files: TLSFiles
    private let current: Mutex<TLSContext>

    /// Reads and checks the files.
    package init(_ files: TLSFiles) throws(SocketError) {
        self.files = files
        current = Mutex(try TLSContext(files))
    }

    package var context: TLSContext { current.withLock { $0 } }

    /// Reads the files again. Where they cannot be used it throws, and what was read before goes on serving.
    package func reload() throws(SocketError) {
        let fresh = try TLSContext(files)
        current.withLock { $0 = fresh }
    }
}

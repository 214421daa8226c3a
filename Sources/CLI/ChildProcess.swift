// A process of our own beside this one, its output line by line.
import Glibc

/// This binary again, with other arguments; its standard error is ours.
struct ChildProcess: ~Copyable {
    private let identifier: pid_t
    private let output: Int32

    init(arguments: [String]) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failure.usage("no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        var words: [UnsafeMutablePointer<CChar>?] = (["linchpin"] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var identifier = pid_t()
        let status = posix_spawn(&identifier, "/proc/self/exe", &actions, nil, words, environ)
        close(ends[1])
        guard status == 0 else {
            close(ends[0])
            throw Failure.usage("no process: \(String(cString: strerror(status)))")
        }
        self.identifier = identifier
        output = ends[0]
    }

    deinit {
        close(output)
        var status: Int32 = 0
        // One that still runs has no one to tell.
        kill(identifier, SIGTERM)
        waitpid(identifier, &status, 0)
    }

    /// The next line without its newline; nil at the end. Blocks.
    func line() -> [UInt8]? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = read(output, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return line.isEmpty ? nil : line }
            if byte == UInt8(ascii: "\n") { return line }
            line.append(byte)
        }
    }
}

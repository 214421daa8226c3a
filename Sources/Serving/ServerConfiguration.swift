// Where to listen, how much to take, how long to wait.
package import Sockets

/// Everything that can be set about a server.
package struct ServerConfiguration: Sendable {
    package var host = "127.0.0.1"
    /// 0 lets the kernel choose.
    package var port: UInt16 = 8080
    /// Trainers open a connection a rollout, thousands at once.
    package var backlog: Int32 = 4096
    /// Past this, idle connections are closed and new ones wait in the kernel; nil stays just below the descriptor limit.
    package var maximumConnections: Int?
    /// What the bodies that are being read or answered may take, all together; past it 503.
    package var bodyMemoryBytes = 256 * 1024 * 1024
    /// What large answers may take that wait for their readers, all together; past it 503.
    package var answerMemoryBytes = 256 * 1024 * 1024
    /// Certificate and key for TLS; nil serves plain HTTP.
    package var identity: TLSIdentity?
    /// Queues that connections are spread over.
    package var loops: Int
    package var limits = ServerLimits()
    package var deadlines = ServerDeadlines()

    package init(host: String = "127.0.0.1", port: UInt16 = 8080, loops: Int = 2) {
        self.host = host
        self.port = port
        self.loops = loops
    }
}

/// How much one connection may send (reference/http-policy.md 4.1).
package struct ServerLimits: Sendable {
    /// Head and trailers together, line ends included.
    package var headBytes = 16 * 1024
    /// One line of a head, without its end.
    package var lineBytes = 8 * 1024
    package var headerCount = 100
    /// On the wire and, of a body that comes in gzip, out of it.
    package var bodyBytes = 8 * 1024 * 1024
    package var chunkCount = 65_536
    /// Chunk extensions of one message together.
    package var extensionBytes = 1024
    /// From this size on an answer is sent in gzip to who accepts it: below, it would hardly save a packet.
    package var gzipBytes = 1024
    package var requestsPerConnection = 10_000
    /// What is taken from the network while a request is being answered.
    package var readAheadBytes = 64 * 1024
    /// A body up to this size is read and thrown away where its head was refused, so that the connection can go on.
    package var discardBytes = 64 * 1024
    /// What is thrown away after a last response, so that the client gets to read it: more than a body and a bit.
    package var lingerBytes = 16 * 1024 * 1024

    package init() {}
}

/// How long one connection may take.
package struct ServerDeadlines: Sendable {
    /// From the accepted connection to its keys, under TLS.
    package var handshake = Duration.seconds(10)
    /// From a head's first byte to its last.
    package var head = Duration.seconds(5)
    /// How long a pipelined request keeps its turn: one that takes longer waits for the model, and holds up nobody here.
    package var turn = Duration.milliseconds(20)
    /// From the end of the head to the end of the body.
    package var body = Duration.seconds(30)
    /// What a body must bring on average, once `bodyGrace` is over.
    package var bodyBytesPerSecond = 4096
    package var bodyGrace = Duration.seconds(10)
    /// Between requests; aiohttp keeps its end for 15 s and breaks if ours closes first.
    package var idle = Duration.seconds(75)
    /// How long a client may take nothing of a response.
    package var writeStall = Duration.seconds(30)
    /// How long a response may take in all.
    package var write = Duration.seconds(300)
    /// What a client must take of it on average, once `writeGrace` is over.
    package var writeBytesPerSecond = 4096
    package var writeGrace = Duration.seconds(10)
    /// How long a client may go on sending after a last response.
    package var linger = Duration.seconds(2)
    /// How long a handler may go on when the client has ended its sending side, as `nc` does and as a client that left does.
    package var callerGrace = Duration.milliseconds(250)
    /// How long idle and new connections are still served when draining begins.
    package var drainGrace = Duration.milliseconds(500)
    /// How long draining may take in all; what is left then is cut off.
    package var drain = Duration.seconds(25)

    package init() {}

    /// How long a response of `count` bytes may take.
    func write(of count: Int) -> Duration {
        min(write, writeGrace + Duration.seconds(count) / max(1, writeBytesPerSecond))
    }
}

// Judges a complete head: whose it is, how long its body is.
package import HTTPTypes

/// Request line and headers that passed every check.
package struct RequestHead: Sendable, Equatable {
    /// Where the body ends.
    package enum Framing: Sendable, Equatable {
        /// 0 where there is no body.
        case length(Int)
        case chunked
    }

    package let method: HTTPRequest.Method
    package let path: String
    package let query: String?
    /// Without Content-Encoding, which is undone.
    package let headers: HTTPFields
    package let framing: Framing
    /// What the body has to be unpacked from; where there is none, its coding means nothing.
    package let coding: ContentCoding
    /// HTTP/1.0.
    package let isOld: Bool
    /// Whether the client wants to go on after the response.
    package let keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    package let expectsContinue: Bool

    /// The request that this is the head of.
    package func request(body: [UInt8] = []) -> Request {
        Request(method: method, path: path, query: query, headers: headers, body: body)
    }

    init(_ line: RequestLine, _ section: FieldSection) throws(Refusal) {
        method = line.method
        path = line.path
        query = line.query
        var headers = section.fields
        headers[.contentEncoding] = nil
        self.headers = headers
        isOld = line.isOld
        try Self.checkHost(section.hosts, isRequired: !line.isOld)
        guard section.contentTypes <= 1 else { throw .malformed(.repeatedContentType) }
        framing = try Self.framing(section, isOld: line.isOld)
        coding = framing == .length(0) ? .identity : try ContentCoding(of: section.contentCodings)
        let options = section.connectionOptions
        let closes = options.contains { $0.equals(ignoringCase: "close") }
        let keeps = options.contains { $0.equals(ignoringCase: "keep-alive") }
        keepsAlive = !closes && (keeps || !line.isOld)
        let expects = try Self.expectsContinue(section.expectations)
        // RFC 9110 10.1.1: a client of HTTP/1.0 would take the 100 for its answer.
        expectsContinue = expects && !line.isOld && framing != .length(0)
    }

    /// RFC 9112 3.2: exactly one valid Host, or 400.
    private static func checkHost(_ hosts: [[UInt8]], isRequired: Bool) throws(Refusal) {
        guard hosts.count <= 1, hosts.allSatisfy({ Authority.isValid($0[...]) }), !hosts.isEmpty || !isRequired else {
            throw .malformed(.host)
        }
    }

    /// RFC 9112 6.3, without its leniencies: whatever two readers could read in two ways is refused.
    private static func framing(_ section: FieldSection, isOld: Bool) throws(Refusal) -> Framing {
        let lengths = section.contentLengths
        let codings = section.transferEncodings
        guard lengths.isEmpty || codings.isEmpty else { throw .malformed(.twoLengths) }
        if let coding = codings.first {
            guard codings.count == 1, !isOld, !section.hasUnderscoredCoding else { throw .malformed(.transferEncoding) }
            if coding.equals(ignoringCase: "chunked") { return .chunked }
            throw coding.isToken ? .unknownTransferCoding : .malformed(.transferEncoding)
        }
        guard let length = lengths.first else { return .length(0) }
        guard lengths.count == 1, let count = decimal(length) else { throw .malformed(.contentLength) }
        return .length(count)
    }

    /// At most 19 digits and nothing else; nil also past 2^63 - 1.
    private static func decimal(_ digits: [UInt8]) -> Int? {
        guard (1...19).contains(digits.count) else { return nil }
        var value = 0
        for digit in digits {
            guard digit.isDigit else { return nil }
            let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = tens.addingReportingOverflow(Int(digit - 0x30))
            guard !overflowed, !carried else { return nil }
            value = sum
        }
        return value
    }

    private static func expectsContinue(_ expectations: [[UInt8]]) throws(Refusal) -> Bool {
        guard let expectation = expectations.first else { return false }
        guard expectations.count == 1, expectation.equals(ignoringCase: "100-continue") else {
            throw .unknownExpectation
        }
        return true
    }
}

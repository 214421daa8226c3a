// Words and status codes for what HTTP itself refuses.
import HTTPTypes
import Serving

extension Refusal {
    /// The refusal table of reference/http-policy.md, section 1.
    var words: ErrorWords {
        func words(_ status: HTTPResponse.Status, _ code: String, _ message: String) -> ErrorWords {
            ErrorWords(status: status, code: code, message: message)
        }
        switch self {
        case .malformed(let malformation):
            return words(.badRequest, "malformed_request", "The request is not valid HTTP/1.1: \(malformation.words).")
        case .timedOut(.head):
            return words(.requestTimeout, "timeout", "The request's head did not arrive in time.")
        case .timedOut(.body):
            return words(.requestTimeout, "timeout", "The request's body did not arrive in time.")
        case .crowded: return APIError.crowded(retryAfterSeconds: 1).words
        case .bodyTooLarge(let limit):
            return words(.contentTooLarge, "body_too_large", "The body may have at most \(limit) bytes.")
        case .tooManyChunks(let limit):
            return words(.contentTooLarge, "body_too_large", "The body may come in at most \(limit) chunks.")
        case .requestLineTooLong(let limit):
            return words(.uriTooLong, "uri_too_long", "The request line may have at most \(limit) bytes.")
        case .unknownContentCoding:
            return ErrorWords(
                status: .unsupportedMediaType,
                code: "unsupported_content_encoding",
                message: "The only content coding of a body is gzip, once; or send it as it is.",
                contentCodings: ["gzip"]
            )
        case .unknownExpectation:
            return words(.expectationFailed, "unknown_expectation", "The only expectation known is 100-continue.")
        case .headTooLarge(let limit):
            return words(.requestHeaderFieldsTooLarge, "head_too_large", "The head may have at most \(limit) bytes.")
        case .tooManyHeaders(let limit):
            return words(.requestHeaderFieldsTooLarge, "head_too_large", "There may be at most \(limit) header fields.")
        case .unknownMethod:
            return words(.notImplemented, "unknown_method", "No path here takes this method.")
        case .unknownTransferCoding:
            return words(.notImplemented, "unknown_transfer_coding", "The only transfer coding known is chunked.")
        case .unsupportedVersion:
            return words(.httpVersionNotSupported, "unsupported_version", "The server speaks HTTP/1.1.")
        }
    }
}

extension Refusal.Malformation {
    fileprivate var words: String {
        switch self {
        case .lineEnding: "a carriage return or a line feed stands alone"
        case .controlByte: "a control byte where none may be"
        case .emptyLines: "too many empty lines before the request"
        case .requestLine: "the request line is not method, target and version"
        case .version: "the version is not HTTP/ digit . digit"
        case .target: "the target is not a path or an http address"
        case .foldedHeader: "a header goes on in the next line"
        case .headerName: "a header line is not a name, a colon and a value"
        case .host: "there must be exactly one valid Host"
        case .contentLength: "Content-Length is not one number of at most 19 digits"
        case .transferEncoding: "Transfer-Encoding must be chunked, once, and not in HTTP/1.0"
        case .twoLengths: "Content-Length and Transfer-Encoding exclude each other"
        case .repeatedContentType: "Content-Type is repeated"
        case .contentCoding: "the body is not whole gzip, or something follows it"
        case .chunkSize: "a chunk size is not 1 to 16 hexadecimal digits"
        case .chunkExtension: "a chunk extension is malformed or too long"
        case .chunkEnd: "a chunk's data does not end where its size says"
        case .trailer: "a trailer belongs into the head"
        case .truncated: "it ends in the middle"
        }
    }
}

// The page's browser may do what the page does, and no more.
import API
import HTTPTypes
import Serving
import Testing

@Suite struct PageTests {
    private let golden: GoldenService

    init() throws { golden = try GoldenService() }

    @Test(arguments: [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")])
    func `each part says what it is and what a browser may do with it`(path: String, type: String) async throws {
        let headers = await golden.send(.get, path).headers
        #expect(headers[.contentType] == "\(type); charset=utf-8")
        #expect(headers[.xContentTypeOptions] == "nosniff")
        #expect(headers[try #require(HTTPField.Name("Referrer-Policy"))] == "no-referrer")
        let policy = try #require(headers[.contentSecurityPolicy]).split(separator: "; ")
        #expect(policy.first == "default-src 'none'")
        #expect(policy.contains("require-trusted-types-for 'script'") && policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains { $0.contains("unsafe") || $0.contains("*") || $0.contains("http") })
    }

    @Test func `nothing in it is inline or from elsewhere`() async {
        let page = String(decoding: await golden.send(.get, "/").body, as: UTF8.self)
        #expect(page.contains(#"<script type="module" src="page.js"></script>"#))
        #expect(page.contains(#"<link rel="stylesheet" href="page.css">"#))
        #expect(page.ranges(of: "<script").count == 1)
        for word in ["<style", " style=", " onclick", " onload", " onerror", "src=\"http", "href=\"http", "//cdn"] {
            #expect(!page.contains(word))
        }
    }

    @Test func `its script makes no HTML and no code out of text`() async {
        let script = String(decoding: await golden.send(.get, "/page.js").body, as: UTF8.self)
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
            #expect(!script.contains(word))
        }
    }
}

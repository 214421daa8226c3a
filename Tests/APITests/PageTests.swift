// The pages' browser may do what the pages do, and no more.
import API
import HTTPTypes
import Serving
import Testing

/// The files of the pages, as they are asked for.
enum Page {
    static let documents = ["/", "/methods"]
    static let styles = ["/page.css", "/methods.css"]
    static let scripts = [
        "/page.js", "/service.js", "/figures.js", "/methods.js", "/list.js", "/options.js", "/examples.js",
        "/operators.js", "/stage.js", "/player.js",
    ]
    /// In the order of the route table.
    static let paths = [
        "/", "/page.css", "/page.js", "/service.js", "/figures.js", "/methods", "/methods.css", "/methods.js",
        "/list.js", "/options.js", "/examples.js", "/operators.js", "/stage.js", "/player.js",
    ]

    static func type(of path: String) -> String {
        styles.contains(path) ? "text/css" : scripts.contains(path) ? "text/javascript" : "text/html"
    }
}

@Suite struct PageTests {
    private let golden: GoldenService

    init() throws { golden = try GoldenService() }

    private func text(_ path: String) async -> String {
        String(decoding: await golden.send(.get, path).body, as: UTF8.self)
    }

    @Test(arguments: Page.paths)
    func `each part says what it is and what a browser may do with it`(path: String) async throws {
        let headers = await golden.send(.get, path).headers
        #expect(headers[.contentType] == "\(Page.type(of: path)); charset=utf-8")
        #expect(headers[.xContentTypeOptions] == "nosniff")
        #expect(headers[try #require(HTTPField.Name("Referrer-Policy"))] == "no-referrer")
        let policy = try #require(headers[.contentSecurityPolicy]).split(separator: "; ")
        #expect(policy.first == "default-src 'none'")
        #expect(policy.contains("require-trusted-types-for 'script'") && policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains { $0.contains("unsafe") || $0.contains("*") || $0.contains("http") })
    }

    @Test(arguments: zip(Page.documents, ["page", "methods"]))
    func `nothing in it is inline or from elsewhere`(path: String, name: String) async {
        let page = await text(path)
        #expect(page.contains("<script type=\"module\" src=\"\(name).js\"></script>"))
        #expect(page.contains(#"<link rel="stylesheet" href="page.css">"#))
        #expect(page.ranges(of: "<script").count == 1)
        for word in ["<style", " style=", " onclick", " onload", " onerror", "src=\"http", "href=\"http", "//cdn"] {
            #expect(!page.contains(word))
        }
    }

    @Test(arguments: Page.documents)
    func `a page is the frame, once, around a main of its own`(path: String) async {
        let page = await text(path)
        for part in [
            "<!doctype html>", "<title>Linchpin: ", "<main>", "</main>", #"id="key-form""#, #"id="curl-template""#,
            #"aria-current="page""#, "<footer>", "</html>",
        ] {
            #expect(page.ranges(of: part).count == 1, "\(part)")
        }
        #expect(page.firstMatch(of: /\{[a-z]+\}/) == nil)
    }

    @Test(arguments: Page.scripts)
    func `its scripts make no HTML and no code out of text`(path: String) async {
        let script = await text(path)
        #expect(!script.isEmpty)
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
            #expect(!script.contains(word))
        }
    }

    @Test(arguments: Page.scripts)
    func `a script brings in scripts of its own server alone`(path: String) async {
        let script = await text(path)
        for line in script.split(separator: "\n") where line.hasPrefix("import ") {
            let name = line.split(separator: "\"").dropFirst().first ?? ""
            #expect(name.hasPrefix("./") && Page.scripts.contains(String(name.dropFirst())), "\(line)")
        }
        for word in ["https:", "http:", "import("] { #expect(!script.contains(word)) }
    }

    @Test func `one page leads to the other, wherever they stand`() async {
        #expect(await text("/").contains(#"href="methods""#))
        #expect(await text("/methods").contains(#"href="./""#))
    }
}

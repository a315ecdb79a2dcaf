import Testing
import Wire

struct JSONWriterTests {
    @Test func `commas stand between elements and members, and nowhere else`() {
        let text = writtenText { output in
            output.beginObject()
            output.member("a", 1)
            output.member("b")
            output.beginList()
            output.beginObject()
            output.endObject()
            output.beginList()
            output.endList()
            output.value("c")
            output.null()
            output.endList()
            output.member("d", true)
            output.member(7)
            output.value(false)
            output.endObject()
        }
        #expect(text == #"{"a":1,"b":[{},[],"c",null],"d":true,"7":false}"#)
    }

    @Test func `a text that ends like the beginning of an object is a value like any other`() {
        for end in ["{", "[", ":", "\n", ","] {
            let text = writtenText { output in
                output.list([end, "x"]) { $1.value($0) }
            }
            let escaped = end == "\n" ? "\\n" : end
            #expect(text == "[\"\(escaped)\",\"x\"]")
        }
    }

    @Test func `names and texts are escaped`() {
        let text = writtenText { output in
            output.beginObject()
            output.member("a\"b")
            output.value("\u{1}")
            output.member("text", "\\")
            output.endObject()
        }
        #expect(text == #"{"a\"b":"\u0001","text":"\\"}"#)
    }

    @Test func `a new line and an object that was left open are continued rightly`() {
        let text = writtenText { output in
            output.append("{\"id\":1}\n")
            output.beginObject()
            output.endObject()
            output.append("\n{\"id\":7")
            output.member("tags")
            output.append("[]}\n{")
            output.member("tags")
            output.append("[]}")
        }
        #expect(text == "{\"id\":1}\n{}\n{\"id\":7,\"tags\":[]}\n{\"tags\":[]}")
    }
}
